/** A gallery alone: the library without a form. */
import type { AnyModel } from "@anywidget/types";
import { createGalleryActions } from "../gallery/actions";
import { Gallery } from "../gallery/Gallery";
import {
  type GalleryActions,
  GalleryScope,
  type GallerySession,
  type Undoable,
} from "../gallery/session";
import { createGallery } from "../gallery/state";
import { createChannel } from "../kernel/channel";
import { createFaults } from "../kernel/faults";
import { list, text } from "../kernel/parse";
import { createStore } from "../kernel/store";
import { createTraits } from "../kernel/traits";
import { createPictures } from "../pictures/pictures";
import { createPreviews } from "../pictures/previews";
import { PicturesScope, type Viewing } from "../pictures/session";
import { ViewerScope, type ViewerSession } from "../viewer/session";
import { createViewer } from "../viewer/state";
import { Viewer } from "../viewer/Viewer";
import { type Announcer, createAnnouncer } from "./announcer";
import { KernelNotice, Said } from "./Notices";

export interface GalleryAlone extends GallerySession, ViewerSession {
  announcer: Announcer;
}

export function createGallerySession(
  model: AnyModel,
  root: HTMLElement,
  ended: AbortSignal,
): GalleryAlone {
  const channel = createChannel(model, ended);
  const traits = createTraits(model, channel, ended);
  const pictures = createPictures(channel, ended);
  const viewing = createStore<Viewing | null>(null);
  const open: GalleryActions["open"] = (ids, index, against) =>
    viewing.set({ list: ids, index, against: against ?? null });
  const parts = {
    channel,
    pictures,
    previews: createPreviews(channel, ended),
    viewing,
    faults: createFaults(),
    announcer: createAnnouncer(root, ended),
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
  const viewer = createViewer({ channel, viewing, facts }, ended);
  return {
    ...parts,
    actions,
    viewer,
    tools: [{ name: "Save", run: ({ id }) => actions.saveAll([id]) }],
  };
}

export function GalleryPage({ session }: { session: GalleryAlone }) {
  const { announcer, channel } = session;
  return (
    <PicturesScope value={session}>
      <GalleryScope value={session}>
        <KernelNotice {...{ announcer, channel }} bills={false} />
        <Gallery />
        <ViewerScope value={session}>
          <Viewer />
        </ViewerScope>
        <Said announcer={announcer} />
      </GalleryScope>
    </PicturesScope>
  );
}
