/** The part of the session that the views in this folder need. */

import type { Undoable } from "../controls/Undo";
import { useSessionAs } from "../kernel/session";
import type { Store } from "../kernel/store";
import type { Picture } from "../kernel/wire";
import type { PicturesActions, PicturesSession } from "../pictures/session";
import type { Gallery } from "./state";

export interface GalleryActions extends PicturesActions {
  favourite(): void;
  rate(rating: number): void;
  compare(): void;
  remove(): void;
  /** Add what is selected to a collection; the answer says so, or is empty. */
  collect(name: string): Promise<string>;
  saveSelected(): Promise<void>;
  saveAll(ids: string[]): Promise<void>;
  codeOfSelected(): Promise<string | null>;
  /** Add the selected pictures to the references; missing where there is no form. */
  useSelected?(): void;
}

export interface GallerySession extends PicturesSession {
  gallery: Gallery;
  undoable: Store<Undoable | null>;
  /** Names of the models that a search can ask for. */
  models: Store<string[]>;
  /** How Python names what is selected. */
  selectionName: string;
  actions: GalleryActions;
  /** Actions on one picture; missing without a form. */
  onward?: {
    name: string;
    only?(picture?: Picture): boolean;
    run(picture: { id: string }): unknown;
  }[];
}

export const useSession = useSessionAs<GallerySession>;
