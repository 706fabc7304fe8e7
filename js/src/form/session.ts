/** What the views of this room need of the session. */
import type { FilesActions, FilesSession } from "../files/session";
import { useScope } from "../kernel/scope";
import type { Store } from "../kernel/store";
import type { FormTraits } from "../kernel/wire";
import type { Backend, Facts } from "./facts";
import type { Before, FormStore, Region } from "./form";
import type { Cards, Submission } from "./submission";

export interface FormActions extends FilesActions {
  edit(change: Partial<FormTraits>, typed?: boolean): void;
  submit(): void;
  /** Change fields; what they held can be had back. */
  fill(change: Partial<FormTraits>): void;
  /** Bring back what the form held before it was filled again. */
  undo(): void;
  /** Change the prompt's numbers as the images were moved. */
  renumber(): void;
  leaveNumbers(): void;
  /** Have the whole of image 1 change again. */
  clearRegion(): void;
}

export interface FormSession extends FilesSession {
  facts: Store<Facts>;
  backend: Store<Backend>;
  form: FormStore;
  /** Set while what was replaced can be had back. */
  before: Store<Before | null>;
  /** The size that the form has from image 1. */
  shape: Store<readonly number[]>;
  /** The region of image 1, known by its id, that alone may change. */
  region: Store<Region | null>;
  /** The prompt as it would be renumbered, where images moved that it names. */
  renumber: Store<string | null>;
  jobs: Cards;
  submission: Submission;
  actions: FormActions;
}

export const useSession = useScope<FormSession>;
