/** A gallery alone: the library without a form. */
import type { AnyModel } from "@anywidget/types";
import { createGalleryActions } from "../gallery/actions";
import { Gallery } from "../gallery/Gallery";
import type { GallerySession } from "../gallery/session";
import { createGallery } from "../gallery/state";
import { createFaults } from "../kernel/faults";
import { list, text } from "../kernel/parse";
import { Scope } from "../kernel/scope";
import { createStore } from "../kernel/store";
import { createPictures } from "../pictures/pictures";
import type { Undoable } from "../pictures/Undo";
import type { ViewerSession } from "../viewer/session";
import { createViewer } from "../viewer/state";
import { Viewer } from "../viewer/Viewer";
import type { Announcer } from "./announcer";
import { createBase } from "./base";
import { KernelNotice, Said } from "./Notices";

export interface GalleryAlone extends GallerySession, ViewerSession {
  announcer: Announcer;
}

export function createGallerySession(
  model: AnyModel,
  root: HTMLElement,
  ended: AbortSignal,
): GalleryAlone {
  const base = createBase(model, root, ended);
  const { channel, traits, open } = base;
  const pictures = createPictures(channel);
  const parts = {
    ...base,
    pictures,
    faults: createFaults(),
    gallery: createGallery(pictures, channel, traits, ended),
    undoable: createStore<Undoable | null>(null),
    models: createStore(traits.get("_models", list(text), [])),
    selectionName: "gallery.selection",
  };
  const actions = { open, ...createGalleryActions(parts, open) };
  const facts = async (id: string) => {
    const found = pictures.known(id) ?? (await pictures.facts(id));
    return found && { ...found, words: found.prompt };
  };
  return {
    ...parts,
    actions,
    viewer: createViewer({ ...base, facts }),
    tools: [{ name: "Save", run: ({ id }) => actions.saveAll([id]) }],
  };
}

export function GalleryPage({ session }: { session: GalleryAlone }) {
  const { announcer, channel } = session;
  return (
    <Scope value={session}>
      <KernelNotice {...{ announcer, channel }} bills={false} />
      <Gallery />
      <Viewer />
      <Said announcer={announcer} />
    </Scope>
  );
}
