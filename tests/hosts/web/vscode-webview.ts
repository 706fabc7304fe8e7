/** VS Code's notebook webview: outputs, drawn on an origin of their own in a sandboxed frame. */
import type { IDisplayData, IOutput, MultilineString } from "@jupyterlab/nbformat";
import { createWidgetKernel, loadWidgets, type WidgetKernel } from "./vscode-kernel";
import { type FromWebview, type ToWebview, WIDGET_VIEW } from "./vscode-protocol";
import { applyTheme } from "./vscode-theme";

const ACCESSIBLE_AFTER = 500;
const NAMELESS = "button, a[href], [role=button]";

const post = (message: FromWebview) => window.parent.postMessage(message, "*");
const text = (value: unknown) => (Array.isArray(value) ? value.join("") : String(value));
let widgets: WidgetKernel | undefined;

function element(name: string, className: string, parent: Element): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  parent.append(made);
  return made;
}

/** The extension makes every button reachable and answer Enter and Space, a moment later. */
function makeAccessible(container: HTMLElement): void {
  for (const each of container.querySelectorAll<HTMLElement>(NAMELESS)) {
    if (each.hasAttribute("tabindex")) continue;
    each.tabIndex = 0;
    each.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      each.click();
    });
  }
}

async function drawWidget(data: { model_id: string }, place: HTMLElement): Promise<void> {
  place.classList.add("cell-output-ipywidget-background");
  const wrapper = element("div", "cell-output-ipywidget-background", place);
  wrapper.tabIndex = 0;
  wrapper.setAttribute("role", "region");
  wrapper.setAttribute("aria-label", "Interactive widget output");
  element("div", "cell-output cell-output", wrapper);
  await widgets?.draw(data, wrapper);
  setTimeout(makeAccessible, ACCESSIBLE_AFTER, wrapper);
}

/** A widget that the extension does not know, as after a reload, falls back to the next type. */
function drawData(data: IDisplayData["data"], place: HTMLElement, known: boolean): void {
  const widget = data[WIDGET_VIEW] as { model_id: string } | undefined;
  if (widget && known) {
    void drawWidget(widget, place);
  } else if (data["text/html"]) {
    place.innerHTML = text(data["text/html"] as MultilineString);
  } else {
    element("pre", "", place).textContent = text(data["text/plain"]);
  }
}

/** Draw a new output, or what one shows from now on. */
function drawOutput(cell: string, id: string, output: IOutput, known: boolean): void {
  const outputs = outputsOf(cell);
  const old = outputs.querySelector<HTMLElement>(`[data-output="${id}"]`);
  const place = old ?? element("div", "output", outputs);
  place.replaceChildren();
  place.dataset.output = id;
  place.tabIndex = -1;
  if (output.output_type === "stream") {
    element("pre", "", place).textContent = text(output.text);
  } else if (output.output_type === "error") {
    element("pre", "", place).textContent = `${output.ename}: ${output.evalue}`;
  } else {
    drawData(output.data as IDisplayData["data"], place, known);
  }
}

const container = () => document.querySelector("#container") as HTMLElement;
const cellOf = (cell: string) => container().querySelector<HTMLElement>(`[data-cell="${cell}"]`);

function outputsOf(cell: string): HTMLElement {
  const made = cellOf(cell) ?? element("div", "cell_container", container());
  const outputs = made.firstElementChild ?? element("div", "output_container", made);
  if (!made.dataset.cell) {
    made.dataset.cell = cell;
    made.addEventListener("focusin", () => post({ type: "outputFocus", cell }));
    new ResizeObserver(() => post({ type: "dimension", cell, height: made.offsetHeight })).observe(
      made,
    );
  }
  return outputs as HTMLElement;
}

function scroll(tops: Record<string, number>): void {
  for (const [cell, top] of Object.entries(tops)) {
    const place = cellOf(cell);
    if (place) place.style.top = `${top}px`;
  }
}

function receive(message: ToWebview): void {
  if (message.type === "styles") applyTheme(message.kind, message.styles);
  if (message.type === "kernelOptions") widgets = createWidgetKernel(message, post);
  if (message.type === "kernelMessage") widgets?.receive(message.data);
  if (message.type === "restartKernel") widgets?.dispose();
  if (message.type === "output") {
    drawOutput(message.cell, message.id, message.output, message.known);
  }
  if (message.type === "clearOutput") cellOf(message.cell)?.remove();
  if (message.type === "viewScroll") scroll(message.tops);
}

/** What reaches the window, VS Code takes: keys for itself, files for its own editors. */
function hookEvents(): void {
  window.addEventListener("keydown", ({ key, shiftKey, altKey, ctrlKey }) =>
    post({ type: "didKeydown", keystroke: { key, shiftKey, altKey, ctrlKey } }),
  );
  window.addEventListener("dragenter", (event) => {
    const items = [...(event.dataTransfer?.items ?? [])];
    if (event.defaultPrevented || event.shiftKey || items.length === 0) return;
    if (items.every(({ kind }) => kind === "file")) post({ type: "dragStart" });
  });
  for (const kind of ["dragover", "drop"]) {
    window.addEventListener(kind, (event) => event.preventDefault());
  }
}

/** As the extension does; confirm and prompt are the sandbox's doing. */
function hookWindow(): void {
  const refuse = (name: string) => () => {
    throw new Error(`window.${name} is not supported here`);
  };
  Object.assign(window, { alert: refuse("alert"), open: refuse("open") });
}

hookEvents();
hookWindow();
loadWidgets();
window.addEventListener("message", ({ data }) => receive(data as ToWebview));
post({ type: "ready" });
