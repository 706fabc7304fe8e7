"""Drive one notebook in an open JupyterLab page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from .jupyter import JupyterServer

START_MS = 60_000
RELOADS = 5
RUNS = 100
SHOWN = """() => {
  const outputs = [...document.querySelectorAll(".jp-OutputArea-output")].map(it => it.innerText);
  if (outputs.some(text => text.startsWith("Loading widget"))) return false;
  return outputs.some(text => text.includes("widget: model not found")) ? "some" : "all";
}"""
EMPTY = """async () => {
  await jupyterapp.restored;
  if (!jupyterapp.shell.leftCollapsed) {
    await jupyterapp.commands.execute("application:toggle-left-area");
  }
}"""
# The launcher stands in for notebooks; beside one, it would be a second tab.
OPEN = """async path => {
  const panel = await jupyterapp.commands.execute("docmanager:open", { path });
  for (const other of [...jupyterapp.shell.widgets("main")]) if (other !== panel) other.dispose();
}"""
PANEL = """
const panel = [...jupyterapp.shell.widgets("main")].find(widget => widget.context?.path === path);
"""
READY = f"""path => {{
  if (!window.jupyterapp) return false;
  {PANEL}
  return panel?.context.isReady && panel.sessionContext.isReady
    && panel.sessionContext.session?.kernel?.connectionStatus === "connected";
}}"""


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook of code cells, without outputs."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = new_notebook(
        cells=[new_code_cell(source) for source in cells], metadata={"kernelspec": kernel}
    )
    nbformat.write(book, path)


def open_lab(page: Page, server: JupyterServer) -> None:
    """Load JupyterLab without a notebook."""
    page.goto(f"{server.url}/lab?reset")
    page.wait_for_function("() => Boolean(window.jupyterapp)", timeout=START_MS)
    page.evaluate(EMPTY)
    page.wait_for_selector("#jupyterlab-splash", state="detached")


class Notebook:
    """An open notebook: its cells by number, its kernel, its file.

    Where the page shows this server's JupyterLab already, the notebook opens in it.
    """

    def __init__(
        self, page: Page, server: JupyterServer, name: str, view: str = "lab/tree"
    ) -> None:
        self.page = page
        self.file = server.folder / name
        self._name = name
        self._themed = False
        if view == "lab/tree":
            if not page.url.startswith(f"{server.url}/lab"):
                open_lab(page, server)
            page.evaluate(OPEN, name)
        else:
            page.goto(f"{server.url}/{view}/{name}?reset")
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        self.page.wait_for_function(READY, arg=self._name, timeout=START_MS)
        self.page.evaluate("jupyterapp.restored.then(() => null)")
        self._wait_for_splash()

    def _wait_for_splash(self) -> None:
        """Wait until JupyterLab's moons, shown on load and on a theme change, are gone."""
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def _call(self, body: str, **values: Any) -> Any:
        names = ", ".join(["path", *values])
        script = f"async ({{ {names} }}) => {{ {PANEL} {body} }}"
        return self.page.evaluate(script, {"path": self._name, **values})

    def command(self, command: str, args: dict[str, Any] | None = None) -> None:
        """Run a JupyterLab command by its id and wait for its end."""
        body = "await jupyterapp.commands.execute(id, args);"
        self._call(body, id=command, args=args or {})

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def run(self, number: int, *, wait: bool = True) -> None:
        """Run one cell; without wait, return while it runs.

        What a page sends before JupyterLab has a subshell for it waits for the cell that runs;
        what it sends to a subshell may come after the cell, so all that was sent is handled first.
        """
        self._call(
            """
            const { kernel } = panel.sessionContext.session;
            const comms = kernel.supportsSubshells ? [...kernel._comms.values()] : [];
            await Promise.all(comms.map(comm => comm.subshellStarted));
            const sent = () => [...kernel._futures.values()].filter(
                ({ msg }) => comms.length && msg.header.msg_type === "comm_msg");
            for (let waits; (waits = sent()).length; ) await Promise.all(waits.map(it => it.done));
            panel.content.activeCellIndex = number;
            const done = jupyterapp.commands.execute("notebook:run-cell");
            if (wait) await done;
            """,
            number=number,
            wait=wait,
        )

    def write(self, number: int, source: str) -> None:
        """Replace the source of a cell."""
        body = "panel.content.widgets[number].model.sharedModel.setSource(source);"
        self._call(body, number=number, source=source)

    def sources(self) -> list[str]:
        """Read the source of every cell, to see that no keystroke changed the notebook."""
        return list(
            self._call("return panel.content.widgets.map(cell => cell.model.sharedModel.source);")
        )

    def cells(self) -> list[tuple[str, str, int | None]]:
        """Read type, source and execution count of every cell: all that a stray key can change."""
        read = "[cell.model.type, cell.model.sharedModel.source, cell.model.executionCount]"
        return [
            tuple(cell) for cell in self._call(f"return panel.content.widgets.map(cell => {read});")
        ]

    def outputs(self, number: int) -> list[dict[str, Any]]:
        body = "return panel.content.widgets[number].model.outputs.toJSON();"
        return list(self._call(body, number=number))

    def text(self, number: int) -> str:
        """Read what a cell printed, returned, or raised, as plain text."""
        return "".join(_plain(output) for output in self.outputs(number))

    def cell(self, number: int) -> Locator:
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{number}']")

    def execution_count(self, number: int) -> int | None:
        body = "return panel.content.widgets[number].model.executionCount;"
        count = self._call(body, number=number)
        return None if count is None else int(count)

    def run_until(self, number: int, text: str) -> None:
        """Run a cell until it prints this: some of what is chosen the page sends a moment later."""
        for _ in range(RUNS):
            self.run(number)
            if self.text(number).strip() == text:
                return
            self.page.wait_for_timeout(100)
        assert self.text(number).strip() == text

    def kernel_pid(self) -> int:
        """Ask the kernel for its process, without a cell."""
        return int(
            self._call(
                """
                const { kernel } = panel.sessionContext.session;
                const user_expressions = { pid: "__import__('os').getpid()" };
                const asked = { code: "", silent: true, store_history: false, user_expressions };
                const { content } = await kernel.requestExecute(asked).done;
                return Number(content.user_expressions.pid.data["text/plain"]);
                """
            )
        )

    def kernel_status(self) -> str:
        return str(self._call("return panel.sessionContext.session?.kernel?.status ?? 'dead';"))

    def save(self) -> None:
        self._call("await panel.context.save();")

    def restart_kernel(self) -> None:
        self._call("await panel.sessionContext.restartKernel();")

    def reload(self) -> None:
        """Load the page again, as F5 does; the kernel lives on."""
        self.page.reload()
        self.wait_until_ready()
        self.wait_until_shown()

    def wait_until_shown(self) -> None:
        """Wait for the widgets of a notebook that was opened or loaded again.

        On a busy machine JupyterLab may say of a widget "model not found", though the kernel has
        told it of that model within a second: 4 of 27 times at a load of 30 on two cores. Then it
        is loaded once more, as its user would.
        """
        for _ in range(RELOADS):
            shown = self.page.wait_for_function(SHOWN, timeout=START_MS)
            if shown.json_value() == "all":
                return
            self.page.reload()
            self.wait_until_ready()
        raise AssertionError(f"JupyterLab lost its widgets {RELOADS} times")

    def theme(self, name: str) -> None:
        """Switch to "Light" or "Dark"; JupyterLab's own settings hold it, for other pages too."""
        self._themed = name != "Light"
        self.command("apputils:change-theme", {"theme": f"JupyterLab {name}"})
        light = str(name == "Light").lower()
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
        self._wait_for_splash()

    def end_kernel(self) -> None:
        self._call("await panel.sessionContext.shutdown();")

    def close(self) -> None:
        """End the kernel and close the notebook, unsaved: the next test has all to itself."""
        if self._themed:
            self.theme("Light")
        self._call("await panel.sessionContext.shutdown(); panel.dispose();")


def _plain(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _joined(output["text"])
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    return _joined(output["data"].get("text/plain", ""))


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
