/** The reference images in the order shown: the trait's, or the one just asked for. */
import type { Channel } from "../kernel/channel";
import { list } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import type { Traits } from "../kernel/traits";
import { type Reference, reference } from "../kernel/wire";

export interface References {
  readonly shown: Store<Reference[]>;
  ids(): string[];
  /**
   * Set the order, at once here; rejects with the kernel's sentence. The form takes the shape of
   * image 1, unless its size was `sized` with them.
   */
  arrange(ids: string[], sized?: boolean): Promise<void>;
}

/** Why there is no room for more references. */
export const noRoom = (most: number, rest = "remove one first"): string =>
  `edit takes up to ${most} images; ${rest}.`;

export const moveTo = (ids: string[], id: string, to: number): string[] => {
  const rest = ids.filter((other) => other !== id);
  const place = Math.max(0, Math.min(to, rest.length));
  return ids.includes(id) ? [...rest.slice(0, place), id, ...rest.slice(place)] : ids;
};

export function createReferences(channel: Channel, traits: Traits): References {
  const trait = traits.store<Reference[]>("_references", list(reference), []);
  const shown = createStore(trait.get());
  let order: string[] | null = null;

  function refresh() {
    const all = trait.get();
    const byId = new Map(all.map((entry) => [entry.id, entry]));
    shown.set(order ? order.flatMap((id) => byId.get(id) ?? []) : all);
  }

  async function arrange(ids: string[], sized?: boolean) {
    order = ids;
    refresh();
    try {
      await channel.request({ kind: "arrange", references: ids, ...(sized && { sized }) });
    } finally {
      // A later order is on its way: that one's answer will settle it.
      if (order === ids) {
        order = null;
        refresh();
      }
    }
  }

  trait.subscribe(refresh);
  return { shown, arrange, ids: () => shown.get().map(({ id }) => id) };
}
