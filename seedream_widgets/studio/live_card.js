// A running job in a cell's output. Cancel shows only once the kernel has answered: while a cell
// blocks, clicks arrive in some hosts alone.
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

  const draw = () => {
    lines.replaceChildren(...model.get("_lines").map((line) => {
      const told = document.createElement("p");
      told.textContent = line;
      return told;
    }));
    note.textContent = here ? "" : model.get("_note");
    note.hidden = note.textContent === "";
  };
  const hear = (message) => {
    if (message.kind !== "reply") return;
    here = true;
    cancel.hidden = false;
    draw();
  };
  const ask = () => {
    cancel.disabled = true;
    cancel.textContent = "Cancelling…";
    model.send({ kind: "cancel", id: "cancel" });
  };
  model.on("change:_lines", draw);
  model.on("change:_note", draw);
  model.on("msg:custom", hear);
  cancel.addEventListener("click", ask);
  model.send({ kind: "here", id: "here" });
  draw();
  const leave = () => {
    model.off("change:_lines", draw);
    model.off("change:_note", draw);
    model.off("msg:custom", hear);
  };
  signal?.addEventListener("abort", leave);
  return leave;
}

export default { render };
