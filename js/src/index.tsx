import type { AnyModel } from "@anywidget/types";
import { type ComponentChild, render } from "preact";
import { guardPresses } from "./controls/gesture";
import { acceptDrops } from "./files/drops";
import { followConnection } from "./kernel/liveness";
import { atEnd, listen } from "./kernel/page";
import type { Store } from "./kernel/store";
import { type Base, createBase } from "./shell/base";
import { ComparePage, createCompareSession } from "./shell/ComparePage";
import { createGallerySession, GalleryPage } from "./shell/GalleryPage";
import { guardKeyboard } from "./shell/keyboard";
import { createSheetSession, SheetPage } from "./shell/SheetPage";
import { Studio } from "./shell/Studio";
import { createSession } from "./shell/session";
import { followTheme } from "./shell/theme";
import { handOnUnsent } from "./shell/unsent";

interface Props {
  model: AnyModel;
  el: HTMLElement;
  signal?: AbortSignal;
}

/** What one of our widgets draws. */
interface Page {
  name: string;
  page: ComponentChild;
  /** Set once it shows what the kernel has. */
  live: Store<unknown>;
}

type CreatePage = (base: Base, root: HTMLElement) => Page;

const studio: CreatePage = (base, root) => {
  const session = createSession(base);
  const { actions, dropping, jobs } = session;
  const handlers = {
    onFiles: actions.addFiles,
    onAddress: actions.addAddress,
    onHover: dropping.set,
  };
  acceptDrops(root, handlers, base.ended);
  listen(root, "focusout", actions.flush, { signal: base.ended });
  handOnUnsent(root, session);
  void jobs.sync();
  return {
    name: "Seedream image studio",
    page: <Studio session={session} />,
    live: jobs.cards,
  };
};

const sheet: CreatePage = (base) => {
  const session = createSheetSession(base);
  return {
    name: "Seedream sheet",
    page: <SheetPage session={session} />,
    live: session.sheet.batch,
  };
};

const compare: CreatePage = (base) => {
  const session = createCompareSession(base);
  return {
    name: "Seedream comparison",
    page: <ComparePage session={session} />,
    live: session.viewer.shown,
  };
};

const gallery: CreatePage = (base) => {
  const session = createGallerySession(base);
  return {
    name: "Seedream gallery",
    page: <GalleryPage session={session} />,
    live: session.gallery.found,
  };
};

/** By the trait that says which widget it is. */
const PAGES: Record<string, CreatePage> = { studio, gallery, sheet, compare };

/** A file that only Pillow reads, or that is no picture, shows no sign of a broken one. */
function hideBroken(root: HTMLElement, ended: AbortSignal): void {
  const settled = ({ target, type }: Event) => {
    (target as HTMLElement).style.visibility = type === "load" ? "" : "hidden";
  };
  listen(root, "load error", settled, { capture: true, signal: ended });
}

/**
 * Hide the notebook's static contact sheet while a view has the kernel's own pictures. The rules go
 * with the view; without `:root:has()`, which costs at every change of the whole page.
 */
function hideContactSheet(
  model: AnyModel,
  el: HTMLElement,
  live: Store<unknown>,
  ended: AbortSignal,
): void {
  const rules = document.createElement("style");
  el.append(rules);
  const hide = (which: string) => {
    const sheet = `.${model.get("_dom_classes")?.[0]}-sheet${which}`;
    rules.textContent = `${sheet},div:has(> ${sheet}),.jp-OutputArea-child:has(${sheet}){display:none}`;
  };
  hide("[data-empty]");
  live.subscribe(() => hide(""));
  atEnd(ended, () => rules.remove());
}

/** Draw one view. All it holds ends with it; two views share the model and nothing else. */
function renderView({ model, el, signal }: Props): () => void {
  const ending = new AbortController();
  const root = document.createElement("section");
  root.className = "sd-root";
  // Within a frame of its own, as Colab's, the window is as high as what it shows.
  root.classList.toggle("sd-top", window.parent === window);
  root.tabIndex = -1;
  hideBroken(root, ending.signal);
  el.append(root);

  const createPage = PAGES[String(model.get("_view"))] ?? studio;
  const base = createBase(model, root, ending.signal);
  const { name, page, live } = createPage(base, root);
  root.setAttribute("aria-label", name);
  followTheme(root, ending.signal);
  render(page, root);
  guardKeyboard(root, ending.signal);
  guardPresses(root, ending.signal);
  hideContactSheet(model, el, live, ending.signal);
  followConnection(el, base.channel.lose, ending.signal);

  function cleanup() {
    ending.abort();
    render(null, root);
    root.remove();
  }
  signal?.addEventListener("abort", cleanup, { once: true });
  return cleanup;
}

export default { render: renderView };
