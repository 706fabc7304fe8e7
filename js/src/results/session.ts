/** The part of the session that the views in this folder need. */

import type { Undoable } from "../controls/Undo";
import type { FormActions, FormSession } from "../form/session";
import type { ErrorPlace } from "../kernel/errors";
import { useSessionAs } from "../kernel/session";
import type { Store } from "../kernel/store";
import type { AskAgain, Card } from "../kernel/wire";
import type { Pictures } from "../pictures/pictures";
import type { Jobs } from "./jobs";

export interface ResultsActions extends FormActions {
  /** Resolves once the kernel has taken it. */
  cancel(card: Card): Promise<void>;
  dismiss(card: Card): void;
  reuse(card: Card): void;
  /** Send a card's request once more, as it was. */
  tryAgain(card: Card): void;
  /** Put a picture onto the clipboard. */
  copy(imageId: string): Promise<void>;
  editPrompt(card: Card): void;
  resume(): void;
  /** Make a picture image 1 of the next request. */
  editPicture(imageId: string): Promise<void>;
  /** Have the form ask for a picture again; it is sent by Generate. */
  askAgain(imageId: string, how: AskAgain): Promise<void>;
  /** The Python that repeats a job; null where the kernel refuses. */
  code(card: Card): Promise<string | null>;
  select(imageId: string): void;
  /** Keep a picture selected when new ones come; "" stops that. */
  pin(imageId: string): void;
  save(imageId: string): Promise<void>;
  clearError(place: ErrorPlace): void;
}

export interface ResultsSession extends FormSession {
  selected: Store<string>;
  pinned: Store<boolean>;
  jobs: Jobs;
  pictures: Pictures;
  /** The last dismissed card, for Undo. */
  dismissed: Store<Undoable | null>;
  actions: ResultsActions;
}

export const useSession = useSessionAs<ResultsSession>;
