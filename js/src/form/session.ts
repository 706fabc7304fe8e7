/** What the views of this room need of the session. */
import type { FilesActions, FilesSession } from "../files/session";
import { createScope } from "../kernel/scope";
import type { Store } from "../kernel/store";
import type { FormTraits } from "../kernel/wire";
import type { Backend, Facts } from "./facts";
import type { FormStore } from "./form";
import type { Cards, Submission } from "./submission";

export interface FormActions extends FilesActions {
  edit(change: Partial<FormTraits>, typed?: boolean): void;
  submit(): void;
}

export interface FormSession extends FilesSession {
  facts: Store<Facts>;
  backend: Store<Backend>;
  form: FormStore;
  jobs: Cards;
  submission: Submission;
  actions: FormActions;
}

export const { Scope: FormScope, use: useSession } = createScope<FormSession>();
