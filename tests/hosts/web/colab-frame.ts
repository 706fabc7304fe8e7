/** The frame of one cell's outputs: sandboxed, of an origin that it shares with nobody. */
import type { IMimeBundle } from "@jupyterlab/nbformat";
import { ColabManager, type Comm, type Environment } from "./colab-manager";
import { type FromFrame, type ModelAnswer, type ToFrame, WIDGET_VIEW } from "./colab-protocol";
import { applyTheme } from "./colab-theme";
import { type Output, textOf } from "./notebook";

const DISABLED = "Support for third party widgets is not enabled in this notebook.";

interface FrameComm extends Comm {
  receive(data: unknown, buffers: ArrayBuffer[]): void;
  end(): void;
}

const place = document.querySelector("#output-area") as HTMLElement;
const waiting = new Map<number, (answer: ModelAnswer) => void>();
const comms = new Map<string, FrameComm>();
const drawn = new Map<string, HTMLElement>();
let requests = 0;

const post = (message: FromFrame) => window.parent.postMessage(message, "*");

function ask(message: (request: number) => FromFrame): Promise<ModelAnswer> {
  const request = ++requests;
  return new Promise((resolve) => {
    waiting.set(request, resolve);
    post(message(request));
  });
}

/** What comes before somebody listens waits for him. */
function openComm(comm: string): FrameComm {
  let receive: FrameComm["receive"] | undefined;
  let early: [unknown, ArrayBuffer[]][] = [];
  let end = () => {};
  return {
    async send(data, buffers) {
      await ask((request) => ({ type: "send", request, comm, data, buffers }));
    },
    onMessage(listener) {
      receive = listener;
      for (const message of early) listener(...message);
      early = [];
    },
    onClose: (listener) => {
      end = listener;
    },
    receive: (data, buffers) => (receive ? receive(data, buffers) : early.push([data, buffers])),
    end: () => end(),
  };
}

const environment: Environment = {
  modelState: (model) => ask((request) => ({ type: "askModel", request, model })),
  comm: (model) => comms.get(model) as Comm,
};
const manager = new ColabManager(environment);

function managed({ content }: Output): boolean {
  const metadata = (content.metadata ?? {}) as Record<string, { colab?: object }>;
  return "custom_widget_manager" in (metadata[WIDGET_VIEW]?.colab ?? {});
}

function draw(output: Output): void {
  const element = document.createElement("div");
  const before = drawn.get(output.id);
  if (before) before.replaceWith(element);
  else place.append(element);
  drawn.set(output.id, element);
  const data = (output.content.data ?? {}) as IMimeBundle;
  const view = data[WIDGET_VIEW] as { model_id: string } | undefined;
  if (view && managed(output)) void manager.render(view.model_id, element);
  else if (view) element.textContent = DISABLED;
  else if (data["text/html"]) element.innerHTML = [data["text/html"]].flat().join("");
  else {
    const text = document.createElement("pre");
    text.textContent = textOf({ id: "", kind: "code", source: "", outputs: [output] });
    element.append(text);
  }
}

function receive(message: ToFrame): void {
  if (message.type === "theme") applyTheme(message.dark);
  if (message.type === "output") draw(message.output);
  if (message.type === "comm") comms.get(message.comm)?.receive(message.data, message.buffers);
  if (message.type === "commClosed") comms.get(message.comm)?.end();
  if (message.type === "model" || message.type === "sent") {
    waiting.get(message.request)?.("answer" in message ? message.answer : null);
    waiting.delete(message.request);
  }
}

/** A comm exists from the moment that its model's state is here: nothing in between gets lost. */
function note(message: ToFrame): void {
  if (message.type === "model" && message.answer?.connected) {
    comms.set(message.model, openComm(message.model));
  }
}

window.addEventListener("message", ({ source, data }) => {
  if (source !== window.parent) return;
  note(data as ToFrame);
  receive(data as ToFrame);
});
window.addEventListener("keydown", ({ key, shiftKey, altKey, ctrlKey, metaKey }) =>
  post({ type: "key", keystroke: { key, shiftKey, altKey, ctrlKey: ctrlKey || metaKey } }),
);
new ResizeObserver(() =>
  post({ type: "height", height: document.documentElement.offsetHeight }),
).observe(document.documentElement);
post({ type: "ready" });
