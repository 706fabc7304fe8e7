"""The wheel in a real kernel with the versions that Colab pins."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from packaging.requirements import Requirement

from tests.browser.jupyter import environment
from tests.hosts.colab_venv import REQUIREMENTS, prepare, write_kernelspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jupyter_client.blocking import BlockingKernelClient

# As those of a browser, they take an environment that is made once, and long.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SECONDS = 60
VIEW = "application/vnd.jupyter.widget-view+json"
KEY = "0a1b2c3d-made-up:4e5f6a7b-for-this-test"
STUDIO = "import seedream_widgets as sd; studio = sd.Studio(); studio"
FOUND = "from seedream_widgets.credentials import find_key; found = find_key()"
BACKEND = "print(json.dumps(studio._backend))"


class Kernel:
    """A running kernel; `run` gives what a cell publishes."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, code: str) -> list[dict[str, Any]]:
        return self.collect(self.client.execute(code))

    def text(self, code: str) -> str:
        contents = [each["content"] for each in self.run(code)]
        assert not [each["traceback"] for each in contents if "traceback" in each]
        return "".join(each.get("text", "") for each in contents)

    def send(self, comm: str, data: dict[str, Any]) -> list[dict[str, Any]]:
        content = {"comm_id": comm, "data": data}
        message = self.client.session.msg("comm_msg", content)
        self.client.shell_channel.send(message)
        return self.collect(message["header"]["msg_id"])

    def collect(self, request: str) -> list[dict[str, Any]]:
        """Everything on iopub that answers a request."""
        messages = []
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            if message["content"].get("execution_state") == "idle":
                return messages


@pytest.fixture
def kernel(tmp_path: Path) -> Callable[..., Any]:
    """Start a kernel as Colab does, with these secrets; it ends with the block."""
    prepare()
    write_kernelspec(tmp_path)
    specs = KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])

    @contextmanager
    def start(secrets: dict[str, Any]) -> Iterator[Kernel]:
        (tmp_path / "secrets.json").write_text(json.dumps(secrets))
        manager = KernelManager(kernel_name="python3", kernel_spec_manager=specs)
        env = {**environment(tmp_path), "COLAB_SECRETS": str(tmp_path / "secrets.json")}
        manager.start_kernel(env=env, cwd=str(tmp_path))
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=SECONDS)
            yield Kernel(client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()

    return start


def test_pip_keeps_what_colab_pins() -> None:
    listed = subprocess.run(
        [str(prepare()), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = {normal(each["name"]): each["version"] for each in json.loads(listed.stdout)}
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    pinned = [
        wanted
        for wanted in map(Requirement, lines)
        if not wanted.marker or wanted.marker.evaluate()
    ]
    assert len(pinned) > 60
    changed = [
        f"{wanted}: {installed.get(normal(wanted.name))}"
        for wanted in pinned
        if installed.get(normal(wanted.name)) not in wanted.specifier
    ]
    assert changed == []
    assert "seedream-widgets" in installed


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_key_is_found_in_colabs_secrets(kernel: Callable[..., Any]) -> None:
    with kernel({"FAL_KEY": {"payload": f" {KEY}\n", "access": True}}) as colab:
        assert colab.text(f"{FOUND}; print(found)") == "<Key ***>\n"
        assert colab.text(f"print(found.value == {KEY!r})") == "True\n"
        colab.run(STUDIO)
        assert json.loads(colab.text(f"import json; {BACKEND}"))["name"] == "fal"
        state = colab.text("print(studio.get_state(), repr(studio), studio._repr_mimebundle_())")
        assert "made-up" not in state


@pytest.mark.parametrize(
    ("secrets", "said"),
    [({}, ""), ({"FAL_KEY": {"payload": KEY, "access": False}}, "is not open to this notebook")],
    ids=["missing", "denied"],
)
def test_without_a_key_it_is_offline_and_says_so(
    kernel: Callable[..., Any], secrets: dict[str, Any], said: str
) -> None:
    with kernel(secrets) as colab:
        line, _, found = colab.text(f"{FOUND}; print(found)").strip().rpartition("\n")
        assert found == "None"
        assert said in line
        assert bool(line) == bool(said)
        published = json.dumps([each["content"] for each in colab.run(STUDIO)], default=str)
        assert "Traceback" not in published
        backend = json.loads(colab.text(f"import json; {BACKEND}"))
        assert backend == {
            "name": "offline",
            "label": "Offline preview: no FAL_KEY",
            "bills": False,
        }
        made = colab.text("print(sd.generate('a fox', image_size=(1024, 1024)).images[0].size)")
        assert made.endswith("(1024, 1024)\n")


def test_studio_is_shown_by_the_manager_for_custom_widgets(kernel: Callable[..., Any]) -> None:
    with kernel({}) as colab:
        shown = [
            each["content"] for each in colab.run(STUDIO) if each["msg_type"] == "display_data"
        ]
        view = next(each for each in shown if VIEW in each["data"])
        assert view["metadata"][VIEW]["colab"]["custom_widget_manager"]["url"]
        assert any("Seedream studio" in each["data"].get("text/html", "") for each in shown)


def test_every_frame_hears_what_one_of_them_wrote(kernel: Callable[..., Any]) -> None:
    with kernel({}) as colab:
        colab.run(STUDIO)
        comm = colab.text("print(studio.model_id)").strip()
        answers = colab.send(comm, {"method": "update", "state": {"prompt": "from one frame"}})
        told = [each["content"]["data"] for each in answers if each["msg_type"] == "comm_msg"]
        assert {"prompt": "from one frame"} in [
            each["state"] for each in told if each["method"] == "update"
        ]
        refused = colab.send(comm, {"method": "update", "state": {"num_images": 99}})
        told = [each["content"]["data"] for each in refused if each["msg_type"] == "comm_msg"]
        assert [each["state"] for each in told] == [{"num_images": 1}]
