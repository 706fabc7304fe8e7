/** Colab's page: cells, keys and the kernel; what a cell shows is drawn in a frame of its own. */
import { createModels, type Models } from "./colab-models";
import { createOutputFrame, type OutputFrame } from "./colab-output";
import type { FromFrame, ToFrame } from "./colab-protocol";
import { applyTheme } from "./colab-theme";
import { connectKernel, type HostKernel, type KernelMessage } from "./kernel";
import type { Keystroke } from "./notebook";
import { apply, type Cell, createKeymap, newCell, type Output, textOf } from "./notebook";

const server = new URL(location.href).searchParams.get("server") ?? "";
const place = document.querySelector("#notebook") as HTMLElement;
const boxes = new Map<string, HTMLElement>();
const frames = new Map<string, OutputFrame>();
const command = createKeymap();

let cells: Cell[] = [];
let kernel: HostKernel;
let models: Models;
let dark = false;
let count = 0;

const broadcast = (message: ToFrame) => {
  for (const frame of frames.values()) frame.send(message);
};

function boxOf(cell: Cell): HTMLElement {
  const box = boxes.get(cell.id) ?? document.createElement("div");
  if (boxes.has(cell.id)) return box;
  const editor = document.createElement("textarea");
  editor.value = cell.source;
  editor.rows = cell.source.split("\n").length;
  editor.ariaLabel = `Source of ${cell.id}`;
  editor.oninput = () => {
    cell.source = editor.value;
  };
  box.className = "cell";
  box.append(editor);
  boxes.set(cell.id, box);
  return box;
}

/** A frame that is moved loads anew, so only what is new or gone is touched. */
function draw(): void {
  for (const [id, box] of boxes) {
    if (cells.some((cell) => cell.id === id)) continue;
    clear(id);
    box.remove();
    boxes.delete(id);
  }
  for (const [at, cell] of cells.entries()) {
    const box = boxOf(cell);
    if (place.children[at] !== box) place.insertBefore(box, place.children[at] ?? null);
  }
}

function clear(id: string): void {
  frames.get(id)?.remove();
  frames.delete(id);
}

function show(cell: Cell, output: Output): void {
  let frame = frames.get(cell.id);
  if (!frame) {
    frame = createOutputFrame(cell.id, (message, from) => receive(cell, message, from));
    frames.set(cell.id, frame);
    frame.send({ type: "theme", dark });
    boxOf(cell).append(frame.element);
  }
  frame.send({ type: "output", output });
}

async function run(cell: Cell): Promise<void> {
  cell.outputs = [];
  clear(cell.id);
  await kernel.execute(cell.source, (content, displayId) => {
    const output = { id: `o${count++}`, displayId, content };
    cell.outputs.push(output);
    show(cell, output);
  });
}

function press(cell: Cell, stroke: Keystroke): void {
  const given = command(stroke);
  if (given === "save") api.save();
  else if (given === "run") void run(cell);
  else if (given === "edit") boxOf(cell).querySelector("textarea")?.focus();
  else if (given) {
    apply(given, cells, cells.indexOf(cell));
    draw();
  }
}

function receive(cell: Cell, message: FromFrame, frame: OutputFrame): void {
  if (message.type === "key") press(cell, message.keystroke);
  if (message.type === "askModel") {
    const { request, model } = message;
    frame.send({ type: "model", request, model, answer: models.answer(model) });
  }
  if (message.type === "send") {
    const { request, comm, data, buffers } = message;
    models.said(comm, data);
    void kernel.sendComm("comm_msg", { comm_id: comm, data }, buffers).then(
      () => frame.send({ type: "sent", request }),
      () => {}, // The kernel went meanwhile; nobody tells the frame.
    );
  }
}

const exact = (buffer: ArrayBuffer | ArrayBufferView): ArrayBuffer =>
  ArrayBuffer.isView(buffer)
    ? (buffer.buffer as ArrayBuffer).slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength)
    : buffer;

/** Every frame hears every comm: each has models of its own. */
function hear({ header, content, buffers }: KernelMessage.IIOPubMessage): void {
  const said = content as { comm_id: string; data: Record<string, unknown> };
  if (header.msg_type === "comm_open") models.opened(said);
  if (header.msg_type === "comm_msg") {
    models.said(said.comm_id, said.data);
    const own = (buffers ?? []).map(exact);
    broadcast({ type: "comm", comm: said.comm_id, data: said.data, buffers: own });
  }
  if (header.msg_type === "comm_close") {
    models.closed(said.comm_id);
    broadcast({ type: "commClosed", comm: said.comm_id });
  }
}

/** A kernel may renew what it shows in a cell that ran long ago. */
function renew(displayId: string, content: Output["content"]): void {
  for (const cell of cells) {
    for (const output of cell.outputs.filter((each) => each.displayId === displayId)) {
      output.content = content;
      show(cell, output);
    }
  }
}

const nth = (index: number): Cell => {
  const cell = cells.find(({ id }) => id === `c${index}`);
  if (!cell) throw new Error(`Cell ${index} is gone`);
  return cell;
};

const api = {
  /** Open a notebook of these cells; or, without them, the one that was saved, as a reload does. */
  async open(sources?: string[]): Promise<void> {
    const saved = sources ? {} : JSON.parse(sessionStorage.getItem("notebook") ?? "{}");
    cells = sources?.map((source, at) => newCell(source, `c${at}`)) ?? saved.cells;
    count = cells.flatMap(({ outputs }) => outputs).length;
    models = createModels(saved.models);
    kernel = await connectKernel(server, saved.kernel);
    kernel.listen(hear);
    kernel.onUpdate(renew);
    api.theme("Light");
    draw();
    for (const cell of cells) for (const output of cell.outputs) show(cell, output);
  },
  save: () =>
    sessionStorage.setItem("notebook", JSON.stringify({ kernel: kernel.id, cells, models })),
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
  theme(name: "Light" | "Dark"): void {
    dark = name === "Dark";
    applyTheme(dark);
    broadcast({ type: "theme", dark });
  },
  restart: () => kernel.restart(),
  close: () => kernel.shutdown(),
};

Object.assign(window, { notebook: api });
