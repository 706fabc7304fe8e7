import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { acceptDrops } from "../../src/files/drops";

let root: HTMLElement;
let ended: AbortController;
const handlers = { onFiles: vi.fn(), onHover: vi.fn() };

function drag(kind: string, types: string[], target: Element = root) {
  const event = new Event(kind, { bubbles: true, cancelable: true, composed: true });
  const files = types.includes("Files") ? [new File(["x"], "a.png")] : [];
  Object.assign(event, { dataTransfer: { types, files, dropEffect: "none" } });
  target.dispatchEvent(event);
  return event;
}

beforeEach(() => {
  root = document.createElement("section");
  root.innerHTML = "<textarea class='sd-prompt'></textarea><p></p>";
  document.body.append(root);
  ended = new AbortController();
  vi.clearAllMocks();
  acceptDrops(root, handlers, ended.signal);
});
afterEach(() => {
  ended.abort();
  root.remove();
});

it("claims files anywhere on the root, and keeps them from the host", () => {
  const host = vi.fn();
  document.body.addEventListener("drop", host, { once: true });
  for (const kind of ["dragenter", "dragover", "drop"]) {
    expect(drag(kind, ["Files"], root.querySelector("p") as Element).defaultPrevented).toBe(true);
  }
  expect(handlers.onFiles).toHaveBeenCalledOnce();
  expect(handlers.onHover.mock.calls).toEqual([["references"], ["references"], [""]]);
  expect(host).not.toHaveBeenCalled();
});

it("tells files on the prompt from files elsewhere", () => {
  const area = root.querySelector("textarea") as Element;
  drag("dragover", ["Files"], area);
  drag("drop", ["Files"], area);
  drag("drop", ["Files"]);
  expect(handlers.onHover.mock.calls).toEqual([["prompt"], [""], [""]]);
  expect(handlers.onFiles.mock.calls.map(([, place]) => place)).toEqual(["prompt", "references"]);
});

it("claims files before any listener within can miss them", () => {
  root.addEventListener("dragover", (event) => event.stopImmediatePropagation(), { capture: true });
  expect(drag("dragover", ["Files"]).defaultPrevented).toBe(true);
});

it("lets text be dropped into text, and nowhere else", () => {
  const area = root.querySelector("textarea") as Element;
  expect(drag("drop", ["text/plain"], area).defaultPrevented).toBe(false);
  expect(drag("drop", ["text/plain"]).defaultPrevented).toBe(true);
  expect(handlers.onFiles).not.toHaveBeenCalled();
});

it("leaves the rest of the page alone, and everything once it ends", () => {
  expect(drag("dragover", ["Files"], document.body).defaultPrevented).toBe(false);
  ended.abort();
  expect(drag("drop", ["Files"]).defaultPrevented).toBe(false);
});
