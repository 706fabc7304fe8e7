/** The part of the session that views with pictures need: facts, previews and the viewer. */
import type { Channel } from "../kernel/channel";
import type { Errors } from "../kernel/errors";
import type { Store } from "../kernel/store";
import type { PictureList, Pictures } from "./pictures";
import type { Previews } from "./previews";

/** What the viewer shows: one picture of a list, and perhaps another to compare it with. */
export interface Viewing {
  list: PictureList;
  index: number;
  /** The id of picture A while the list's is B. */
  against: string | null;
}

export interface PicturesActions {
  /** The list of pictures and the first to show; `against` is a picture to compare with. */
  open(list: PictureList, index: number, against?: string): void;
}

export interface PicturesSession {
  channel: Channel;
  pictures: Pictures;
  previews: Previews;
  /** null while the viewer is closed; the viewer sets it back to null. */
  viewing: Store<Viewing | null>;
  errors: Errors;
  announcer: { say(words: string): void };
  actions: PicturesActions;
}
