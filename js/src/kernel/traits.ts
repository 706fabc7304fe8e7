/** Synced traits, read through a guard and watched. */
import type { AnyModel } from "@anywidget/types";
import type { Parse } from "./parse";
import { read } from "./parse";
import { createStore, type Store } from "./store";

export interface Traits {
  get<T>(name: string, parse: Parse<T>, otherwise: T): T;
  write(values: Record<string, unknown>): void;
  watch(name: string, listener: () => void): void;
  /** A trait as a store; what does not read keeps the value of before. */
  store<T>(name: string, parse: Parse<T>, otherwise: T): Store<T>;
}

export function createTraits(model: AnyModel, ended: AbortSignal): Traits {
  const get = <T>(name: string, parse: Parse<T>, otherwise: T): T =>
    read(parse, model.get(name)) ?? otherwise;

  function watch(name: string, listener: () => void) {
    const event = `change:${name}`;
    model.on(event, listener);
    ended.addEventListener("abort", () => model.off(event, listener));
  }

  return {
    get,
    watch,
    write(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      model.save_changes();
    },
    store(name, parse, otherwise) {
      const store = createStore(get(name, parse, otherwise));
      watch(name, () => store.set(get(name, parse, store.get())));
      return store;
    },
  };
}
