import type { AnyModel } from "@anywidget/types";
import { render } from "preact";
import { acceptDrops } from "./files/drops";
import { followConnection } from "./kernel/liveness";
import { guardKeyboard } from "./shell/keyboard";
import { Studio } from "./shell/Studio";
import { createSession } from "./shell/session";
import { followTheme } from "./shell/theme";

interface Props {
  model: AnyModel;
  el: HTMLElement;
  signal?: AbortSignal;
}

/** Draw one view. All it holds ends with it; two views share the model and nothing else. */
function renderView({ model, el, signal }: Props): () => void {
  const ending = new AbortController();
  const root = document.createElement("section");
  root.className = "sd-root";
  root.tabIndex = -1;
  root.setAttribute("aria-label", "Seedream image studio");
  el.append(root);

  const session = createSession(model, root, ending.signal);
  const handlers = {
    onFiles: session.actions.addFiles,
    onAddress: session.actions.addAddress,
    onHover: session.dropping.set,
  };
  followTheme(root, ending.signal);
  render(<Studio session={session} />, root);
  guardKeyboard(root, ending.signal);
  acceptDrops(root, handlers, ending.signal);
  root.addEventListener("focusout", session.actions.flush, { signal: ending.signal });
  // The static contact sheet of the notebook is hidden while a view has the kernel's own cards.
  session.jobs.cards.subscribe(() => root.classList.add("sd-live"));
  void session.jobs.sync();
  followConnection(el, session.channel.lose, ending.signal);

  function cleanup() {
    ending.abort();
    render(null, root);
    root.remove();
  }
  signal?.addEventListener("abort", cleanup, { once: true });
  return cleanup;
}

export default { render: renderView };
