/** A gallery alone: the library without a form. */

import type { Undoable } from "../controls/Undo";
import { createGalleryActions } from "../gallery/actions";
import { Gallery } from "../gallery/Gallery";
import type { GallerySession } from "../gallery/session";
import { createGallery } from "../gallery/state";
import { createErrors } from "../kernel/errors";
import { list, text } from "../kernel/parse";
import { createStore } from "../kernel/store";
import { createPictures } from "../pictures/pictures";
import type { ViewerSession } from "../viewer/session";
import { createViewer, lookUpIn } from "../viewer/state";
import type { Announcer } from "./announcer";
import type { Base } from "./base";
import { StandalonePage } from "./StandalonePage";

export interface GalleryPageSession extends GallerySession, ViewerSession {
  announcer: Announcer;
}

export function createGallerySession(base: Base): GalleryPageSession {
  const { channel, traits, open, ended } = base;
  const pictures = createPictures(channel);
  const parts = {
    ...base,
    pictures,
    errors: createErrors(),
    gallery: createGallery(pictures, channel, traits, ended),
    undoable: createStore<Undoable | null>(null),
    models: createStore(traits.get("_models", list(text), [])),
    selectionName: "gallery.selection",
  };
  const actions = { open, ...createGalleryActions(parts, open) };
  return {
    ...parts,
    actions,
    viewer: createViewer({ ...base, lookUp: lookUpIn(pictures) }),
    tools: [{ name: "Save", run: ({ id }) => actions.saveAll([id]) }],
  };
}

export function GalleryPage({ session }: { session: GalleryPageSession }) {
  return (
    <StandalonePage session={session}>
      <Gallery />
    </StandalonePage>
  );
}
