// A running job in a cell's output. Cancel shows only once the kernel has answered: while a cell
// blocks, clicks arrive in some hosts alone.
const SILENT = 15_000;
const GONE = "The kernel is busy, or gone: no word for 15 seconds. If it is gone, restart it; " +
  "sd.resume() then fetches what fal has accepted.";
const STYLE = `
.sd-live-card { font: 13px/1.45 system-ui, sans-serif; border-left: 3px solid; padding: 2px 0 2px 10px;
  max-width: 640px; color: var(--jp-content-font-color1, var(--vscode-foreground, inherit)); }
.sd-live-card p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.sd-live-card p + p { opacity: .8; }
.sd-live-card button { font: inherit; color: inherit; background: transparent; border: 1px solid;
  border-radius: 4px; padding: 2px 12px; margin: 6px 0 2px; cursor: pointer; }
.sd-live-card button:focus-visible { outline: 2px solid; outline-offset: 2px; }
.sd-live-card button:disabled { opacity: .6; cursor: default; }
`;

function render({ model, el, signal }) {
  const style = document.createElement("style");
  style.textContent = STYLE;
  const card = document.createElement("div");
  card.className = "sd-live-card";
  const lines = document.createElement("div");
  const note = document.createElement("p");
  const cancel = document.createElement("button");
  cancel.textContent = "Cancel";
  cancel.hidden = true;
  card.append(lines, note, cancel);
  el.append(style, card);
  let here = false;
  let asked = false;
  let silent = false;
  let timer;

  const draw = () => {
    lines.replaceChildren(...model.get("_lines").map((line) => {
      const told = document.createElement("p");
      told.textContent = line;
      return told;
    }));
    const cancelling = asked || model.get("_cancelling");
    cancel.hidden = !here;
    cancel.disabled = cancelling;
    cancel.textContent = cancelling ? "Cancelling…" : "Cancel";
    note.textContent = silent ? GONE : here ? "" : model.get("_note");
    note.hidden = note.textContent === "";
  };
  const send = (kind) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silent = true;
      asked = false;
      draw();
    }, SILENT);
    try {
      model.send({ kind, id: kind });
    } catch {} // no way to the kernel: there will be no answer
  };
  const heard = () => {
    silent = false;
    clearTimeout(timer);
    timer = setTimeout(send, SILENT, "here"); // where no word comes by itself
    draw();
  };
  const hear = (message) => {
    if (message.kind !== "reply") return;
    here = true;
    if (message.id === "cancel") asked = false;
    heard();
  };
  const ask = () => {
    asked = true;
    send("cancel");
    draw();
  };
  const told = ["change:_lines", "change:_note", "change:_cancelling"];
  for (const change of told) model.on(change, heard);
  model.on("msg:custom", hear);
  cancel.addEventListener("click", ask);
  send("here");
  draw();
  const leave = () => {
    clearTimeout(timer);
    for (const change of told) model.off(change, heard);
    model.off("msg:custom", hear);
  };
  signal?.addEventListener("abort", leave);
  return leave;
}

export default { render };
