/** VS Code's window around a notebook: its cells, its keys and the kernel; outputs are a webview's. */
import { connectKernel, type HostKernel, type IOutput } from "./kernel";
import {
  apply,
  type Cell,
  createKeymap,
  type Keystroke,
  newCell,
  type Output,
  textOf,
} from "./notebook";
import { type FromWebview, type ToWebview, WIDGET_VIEW } from "./vscode-protocol";
import { openRelay, type Relay } from "./vscode-relay";
import { applyTheme, kindOf, THEMES } from "./vscode-theme";

const SANDBOX = "allow-same-origin allow-pointer-lock allow-scripts allow-downloads allow-forms";
const ALLOW =
  "cross-origin-isolated; autoplay; local-network-access; clipboard-read; clipboard-write;";

const asked = new URL(location.href).searchParams;
const server = asked.get("server") ?? "";
const place = document.querySelector("#notebook") as HTMLElement;
const frame = document.createElement("iframe");
const command = createKeymap();

let cells: Cell[] = [];
let selected = "";
let kernel: HostKernel;
let relay: Relay;
/** Models that this window saw displayed; one from a file is not among them. */
const models = new Set<string>();
const heights = new Map<string, number>();

const post = (message: ToWebview, transfer: Transferable[] = []) =>
  frame.contentWindow?.postMessage(message, "*", transfer);

function draw(): void {
  for (const old of place.querySelectorAll(".cell")) old.remove();
  for (const cell of cells) {
    const box = document.createElement("div");
    box.className = cell.id === selected ? "cell selected" : "cell";
    const editor = document.createElement("textarea");
    editor.value = cell.source;
    editor.rows = cell.source.split("\n").length;
    editor.oninput = () => {
      cell.source = editor.value;
    };
    const outputs = document.createElement("div");
    outputs.dataset.outputs = cell.id;
    box.append(editor, outputs);
    place.append(box);
  }
  layOut();
}

/** Outputs lie over the window, each at the height that its cell left free for it. */
function layOut(): void {
  const tops: Record<string, number> = {};
  for (const outputs of place.querySelectorAll<HTMLElement>("[data-outputs]")) {
    const id = outputs.dataset.outputs ?? "";
    outputs.style.height = `${heights.get(id) ?? 0}px`;
  }
  for (const outputs of place.querySelectorAll<HTMLElement>("[data-outputs]")) {
    tops[outputs.dataset.outputs ?? ""] =
      outputs.getBoundingClientRect().top - place.getBoundingClientRect().top;
  }
  post({ type: "viewScroll", tops });
}

const modelOf = ({ data }: IOutput): string | undefined =>
  (data as Record<string, { model_id?: string }> | undefined)?.[WIDGET_VIEW]?.model_id;

function show(cell: Cell, { id, content }: Output): void {
  const model = modelOf(content);
  const known = !model || models.has(model);
  post({ type: "output", cell: cell.id, id, output: content, known });
  layOut();
}

function add(cell: Cell, content: IOutput, displayId: string | undefined): void {
  const model = modelOf(content);
  if (model) models.add(model);
  const output = { id: crypto.randomUUID(), displayId, content };
  cell.outputs.push(output);
  show(cell, output);
}

function update(displayId: string, content: IOutput): void {
  for (const cell of cells) {
    for (const output of cell.outputs) {
      if (output.displayId !== displayId) continue;
      output.content = content;
      show(cell, output);
    }
  }
}

async function run(cell: Cell): Promise<void> {
  cell.outputs = [];
  heights.delete(cell.id);
  post({ type: "clearOutput", cell: cell.id });
  await kernel.execute(cell.source, (output, displayId) => add(cell, output, displayId));
}

function press(stroke: Keystroke): void {
  const given = command(stroke);
  const at = cells.findIndex(({ id }) => id === selected);
  const cell = cells[at];
  if (!given || !cell) return;
  if (given === "save") api.save();
  else if (given === "palette") place.dataset.palette = "open";
  else if (given === "run") void run(cell);
  else if (given === "edit") place.querySelectorAll("textarea")[at]?.focus();
  else {
    apply(given, cells, at);
    if (!cells.includes(cell)) post({ type: "clearOutput", cell: cell.id });
    draw();
  }
}

function receive(message: FromWebview): void {
  if (message.type === "kernelMessage") relay.send(message.data);
  if (message.type === "didKeydown") press(message.keystroke);
  if (message.type === "dragStart") frame.style.pointerEvents = "none";
  if (message.type === "outputFocus") selected = message.cell;
  if (message.type === "dimension") {
    heights.set(message.cell, message.height);
    layOut();
  }
}

function openWebview(): Promise<void> {
  frame.name = "webview";
  frame.title = "Notebook outputs";
  frame.src = asked.get("webview") ?? "";
  frame.sandbox.value = SANDBOX;
  frame.allow = ALLOW;
  return new Promise((resolve) => {
    window.addEventListener("message", ({ source, data }) => {
      if (source !== frame.contentWindow) return;
      const message = data as FromWebview;
      if (message.type === "ready") resolve();
      else receive(message);
    });
    place.append(frame);
  });
}

async function joinWidgets(): Promise<void> {
  const clientId = crypto.randomUUID();
  relay = await openRelay(server, kernel.id, clientId, (data) =>
    post({ type: "kernelMessage", data }),
  );
  post({ type: "kernelOptions", id: kernel.id, name: "python3", clientId });
}

const nth = (index: number): Cell => {
  const cell = cells.find(({ id }) => id === `c${index}`);
  if (!cell) throw new Error(`Cell ${index} is gone`);
  return cell;
};

const api = {
  /** Open a notebook of these cells; or, without them, the one that was saved, as a reload does. */
  async open(sources?: string[]): Promise<void> {
    const saved = JSON.parse(sessionStorage.getItem("notebook") ?? "{}");
    cells = sources?.map((source, at) => newCell(source, `c${at}`)) ?? saved.cells;
    selected = "c0";
    kernel = await connectKernel(server, sources ? undefined : saved.kernel);
    kernel.onUpdate(update);
    await openWebview();
    api.theme("Light");
    await joinWidgets();
    draw();
    for (const cell of cells) for (const output of cell.outputs) show(cell, output);
  },
  save: () => sessionStorage.setItem("notebook", JSON.stringify({ kernel: kernel.id, cells })),
  run: async (index: number, wait: boolean): Promise<void> => {
    const done = run(nth(index));
    if (wait) await done;
  },
  write(index: number, source: string): void {
    nth(index).source = source;
    draw();
  },
  text: (index: number) => textOf(nth(index)),
  sources: () => cells.map(({ kind, source }) => (kind === "code" ? source : `${kind}: ${source}`)),
  theme(name: string): void {
    const kind = kindOf(name);
    applyTheme(kind, THEMES[kind]);
    post({ type: "styles", kind, styles: THEMES[kind] });
  },
  async restart(): Promise<void> {
    relay.close();
    await kernel.restart();
    post({ type: "restartKernel" });
    await joinWidgets();
  },
  async close(): Promise<void> {
    relay.close();
    await kernel.shutdown();
  },
};

Object.assign(window, { notebook: api });
