/** The part of the session that the views in this folder need. */
import type { FilesActions, FilesSession } from "../files/session";
import { useSessionAs } from "../kernel/session";
import type { Store } from "../kernel/store";
import type { FormTraits } from "../kernel/wire";
import type { Backend, Facts } from "./facts";
import type { FormSnapshot, FormStore, MarkedRegion } from "./form";
import type { Cards, Submission } from "./submission";

export interface FormActions extends FilesActions {
  edit(change: Partial<FormTraits>, typed?: boolean): void;
  submit(): void;
  /** Change fields, with Undo. */
  fill(change: Partial<FormTraits>): void;
  /** Restore what the form held before it was last filled. */
  undo(): void;
  /** Change the prompt's numbers as the images were moved. */
  renumber(): void;
  leaveNumbers(): void;
  /** Clear the region, so that all of image 1 may change again. */
  clearRegion(): void;
}

export interface FormSession extends FilesSession {
  facts: Store<Facts>;
  backend: Store<Backend>;
  form: FormStore;
  /** What was replaced, while it can still be restored. */
  before: Store<FormSnapshot | null>;
  /** The size that the form has from image 1. */
  shape: Store<readonly number[]>;
  /** The region of image 1, known by its id, that alone may change. */
  region: Store<MarkedRegion | null>;
  /** The prompt as it would be renumbered, where images moved that it names. */
  renumber: Store<string | null>;
  jobs: Cards;
  submission: Submission;
  actions: FormActions;
}

export const useSession = useSessionAs<FormSession>;
