/** The frame that one cell's outputs are drawn in, seen from Colab's page. */
import type { FromFrame, ToFrame } from "./colab-protocol";

/** No dialogs and, which is more than Colab forbids, no origin: so no storage of any kind. */
const SANDBOX =
  "allow-downloads allow-forms allow-pointer-lock allow-popups allow-popups-to-escape-sandbox allow-scripts";
const ALLOW = "clipboard-write; autoplay; fullscreen";

export interface OutputFrame {
  readonly element: HTMLIFrameElement;
  /** What is sent before the frame has loaded waits for it. */
  send(message: ToFrame): void;
  remove(): void;
}

export function createOutputFrame(
  cell: string,
  receive: (message: FromFrame, frame: OutputFrame) => void,
): OutputFrame {
  const element = document.createElement("iframe");
  let early: ToFrame[] | undefined = [];
  element.name = `output-${cell}`;
  element.title = `Output of ${cell}`;
  element.sandbox.value = SANDBOX;
  element.allow = ALLOW;
  element.style.height = "0";
  element.src = "colab-frame.html";

  const post = (message: ToFrame) => element.contentWindow?.postMessage(message, "*");
  function heard({ source, data }: MessageEvent<FromFrame>): void {
    if (source !== element.contentWindow) return;
    if (data.type === "height") element.style.height = `${data.height}px`;
    else if (data.type !== "ready") receive(data, frame);
    else {
      for (const message of early ?? []) post(message);
      early = undefined;
    }
  }
  const frame: OutputFrame = {
    element,
    send: (message) => (early ? void early.push(message) : void post(message)),
    remove() {
      window.removeEventListener("message", heard);
      element.remove();
    },
  };
  window.addEventListener("message", heard);
  return frame;
}
