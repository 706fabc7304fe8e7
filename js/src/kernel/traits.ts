/** Synced traits, read through a guard and watched. */

import type { AnyModel } from "@anywidget/types";
import type { Channel } from "./channel";
import { atEnd } from "./page";
import type { Parse } from "./parse";
import { read } from "./parse";
import { createStore, type Store } from "./store";

export interface Traits {
  get<T>(name: string, parse: Parse<T>, otherwise: T): T;
  write(values: Record<string, unknown>): void;
  watch(name: string, listener: () => void): void;
  /** A trait as a store; a malformed value is ignored. */
  store<T>(name: string, parse: Parse<T>, otherwise: T): Store<T>;
}

export function createTraits(model: AnyModel, channel: Channel, ended: AbortSignal): Traits {
  /** Values that come by message, as hosts save the model's state with the notebook. */
  const unsaved = new Map<string, unknown>();
  const listeners = new Map<string, Set<() => void>>();
  /** How many writes of a trait are unanswered: until 0, the kernel's values of it are outdated. */
  const unanswered = new Map<string, number>();

  const get = <T>(name: string, parse: Parse<T>, otherwise: T): T =>
    read(parse, unsaved.has(name) ? unsaved.get(name) : model.get(name)) ?? otherwise;

  function watch(name: string, listener: () => void) {
    const event = `change:${name}`;
    model.on(event, listener);
    listeners.set(name, (listeners.get(name) ?? new Set()).add(listener));
    atEnd(ended, () => model.off(event, listener));
  }

  function hold(name: string, value: unknown) {
    unsaved.set(name, value);
    for (const listener of listeners.get(name) ?? []) listener();
  }

  async function send(name: string, value: unknown) {
    const count = (change: number) => unanswered.set(name, (unanswered.get(name) ?? 0) + change);
    count(1);
    hold(name, value);
    await channel
      .request({ kind: "write", traits: { [name]: value } }, { quiet: true })
      .catch(() => {});
    count(-1);
  }

  channel.listen((notice) => {
    if (notice.kind !== "unsaved") return;
    for (const [name, value] of Object.entries(notice.traits)) {
      if (!unanswered.get(name)) hold(name, value);
    }
  });

  return {
    get,
    watch,
    write(values) {
      for (const [name, value] of Object.entries(values)) {
        if (model.get(name) === undefined) void send(name, value);
        else model.set(name, value);
      }
      model.save_changes();
    },
    store(name, parse, otherwise) {
      const store = createStore(get(name, parse, otherwise));
      watch(name, () => store.set(get(name, parse, store.get())));
      return store;
    },
  };
}
