/** Draw a whole view in the page, as anywidget does. */
import { act } from "@testing-library/preact";
import { vi } from "vitest";
import widget from "../src/index";
import { FakeModel, initialTraits, type Sent, synced } from "./fake";

// happy-dom knows no `ondrop`; Preact looks for it to name the event.
for (const kind of ["dragstart", "dragenter", "dragover", "dragleave", "drop"]) {
  if (!(`on${kind}` in HTMLElement.prototype)) {
    Object.defineProperty(HTMLElement.prototype, `on${kind}`, { value: null, writable: true });
  }
}

// Nor this, which a browser that refuses it answers so.
document.execCommand ??= () => false;

export interface View {
  model: FakeModel;
  el: HTMLElement;
  root: HTMLElement;
  end(): void;
}

const open = new Set<() => void>();

/** By default every message is answered at once; `jobs` is what a sync gives. */
export function answerAll(jobs: unknown[] = [], seq = 0) {
  return ({ kind }: Sent) => {
    if (kind === "sync") return synced(seq, jobs);
    if (kind === "preview") return undefined;
    return kind === "upload" || kind === "chunk" ? { received: 0 } : {};
  };
}

export async function mount(
  traits: Record<string, unknown> = {},
  model = new FakeModel({ ...initialTraits(), ...traits }),
): Promise<View> {
  if (model.sent.length === 0 && !model.onSend.length) model.onSend = answerAll();
  const el = document.createElement("div");
  document.body.append(el);
  let end = () => {};
  await act(async () => {
    end = widget.render({ model: model.any, el });
  });
  const close = () => {
    end();
    el.remove();
    open.delete(close);
  };
  open.add(close);
  return { model, el, root: el.querySelector(".sd-root") as HTMLElement, end: close };
}

export function unmountAll() {
  for (const close of [...open]) close();
  vi.useRealTimers();
}
