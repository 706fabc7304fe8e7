/** What whoever shows pictures needs of the session: their facts, small ones, and who opens them. */
import type { Channel } from "../kernel/channel";
import type { Errors } from "../kernel/errors";
import { useScope } from "../kernel/scope";
import type { Store } from "../kernel/store";
import type { PictureList, Pictures } from "./pictures";
import type { Previews } from "./previews";

/** Pictures that are looked at large: one of a list, and one beside it where they are compared. */
export interface Viewing {
  list: PictureList;
  index: number;
  /** The id of picture A while the list's is B. */
  against: string | null;
}

export interface PicturesActions {
  /** Look at a list of pictures from `index` on; `against` compares them with that picture. */
  open(list: PictureList, index: number, against?: string): void;
}

export interface PicturesSession {
  channel: Channel;
  pictures: Pictures;
  previews: Previews;
  /** null while nothing is looked at; the viewer follows it and sets it back. */
  viewing: Store<Viewing | null>;
  errors: Errors;
  announcer: { say(words: string): void };
  actions: PicturesActions;
}

export const useSession = useScope<PicturesSession>;
