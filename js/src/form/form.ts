/** The form of one view: local while it is typed, written to the traits a moment later. */

import { atEnd } from "../kernel/page";
import type { Parse } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import type { Traits } from "../kernel/traits";
import { type FormTraits, formFields, type Mask, type Size } from "../kernel/wire";
import { isWritable } from "./checks";
import type { Facts } from "./facts";
import { initialForm } from "./fields";

const DEBOUNCE = 250;

/** What a form held before something else took its place. */
export interface FormSnapshot {
  form: FormTraits;
  references: string[];
}

/** The part of image 1 that alone is to change. */
export interface MarkedRegion {
  /** The id that image 1 has as a reference. */
  reference: string;
  mask: Mask;
  /** Of the picture, in pixels. */
  size: Size;
}

export interface FormStore {
  readonly values: Store<FormTraits>;
  /** Change fields at once here; typed text reaches the traits after a pause or `flush`. */
  edit(change: Partial<FormTraits>, typed?: boolean): void;
  flush(): void;
}

type FieldNames = Set<keyof FormTraits>;

const names = Object.keys(initialForm) as (keyof FormTraits)[];

export function createForm(traits: Traits, facts: Store<Facts>, ended: AbortSignal): FormStore {
  const unsaved: FieldNames = new Set();
  /** What was written while a field is typed in, as JSON: it may come back late, out of step. */
  const written = new Map<keyof FormTraits, Set<string>>();
  const missed: FieldNames = new Set();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const current = (): FormTraits => ({
    ...initialForm,
    ...Object.fromEntries(
      names.map((name) => [
        name,
        traits.get<unknown>(name, formFields[name] as Parse<unknown>, initialForm[name]),
      ]),
    ),
  });
  const values = createStore(current());

  function save() {
    clearTimeout(timer);
    const form = values.get();
    const changed = [...unsaved].filter((name) => isWritable(facts.get(), name, form));
    unsaved.clear();
    if (changed.length === 0) return;
    for (const name of changed) written.get(name)?.add(JSON.stringify(form[name]));
    traits.write(Object.fromEntries(changed.map((name) => [name, form[name]])));
  }

  function edit(change: Partial<FormTraits>, typed = false) {
    values.set({ ...values.get(), ...change });
    for (const name of Object.keys(change) as (keyof FormTraits)[]) {
      unsaved.add(name);
      missed.delete(name);
      if (typed && !written.has(name)) written.set(name, new Set());
    }
    clearTimeout(timer);
    if (typed) timer = setTimeout(save, DEBOUNCE);
    else save();
  }

  function flush() {
    save();
    const now = current();
    const changed = [...missed].map((name) => [name, now[name]]);
    written.clear();
    missed.clear();
    if (changed.length > 0) values.set({ ...values.get(), ...Object.fromEntries(changed) });
  }

  for (const name of names) {
    traits.watch(name, () => {
      const value = current()[name];
      const echo = written.get(name)?.has(JSON.stringify(value));
      if (echo) missed.add(name);
      if (echo || unsaved.has(name)) return;
      values.set({ ...values.get(), [name]: value });
    });
  }
  atEnd(ended, flush);
  return { values, edit, flush };
}
