/** What a gallery shows and what is selected in it; the page of the library it looks at. */

import { type Channel, Refusal } from "../kernel/channel";
import { times } from "../kernel/numbers";
import { atEnd } from "../kernel/page";
import {
  either,
  flag,
  integer,
  list,
  type Parse,
  read,
  record,
  shape,
  text,
} from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import type { Traits } from "../kernel/traits";
import { type Filters, pickReply } from "../kernel/wire";
import { type Pictures, type Query, resultOf, type SearchResult } from "../pictures/pictures";
import type { Density } from "./layout";

/** Most pictures a selection holds. */
const MAX_SELECTED = 10_000;
const TYPING = 150;
const SETTLE = 250;
/** For a range of more pictures than this the kernel is asked for all ids at once. */
const FEW = 100;

const kept = shape<{ query: string; filters: Filters }>({
  query: text,
  filters: record(either<unknown, unknown>(text, either(flag, integer))) as Parse<Filters>,
});

/** Whether it filters anything. */
export const isNarrowed = ({ words, filters }: Query) =>
  words !== "" || Object.values(filters).some(Boolean);

export interface SeenPicture {
  index: number;
  id: string;
}

export interface Gallery {
  query: Store<Query>;
  density: Store<Density>;
  /** null until the first search is answered. */
  found: Store<SearchResult | null>;
  error: Store<string>;
  selected: Store<ReadonlySet<string>>;
  /** Where the keyboard is. */
  focus: Store<number>;
  /** Asks the view to keep a place where it is while the list grows above it. */
  moved: Store<{ to: number } | null>;
  /** The view's first picture in sight: what is kept in place when others come. */
  watch(place: SeenPicture | null): void;
  begin(): void;
  words(words: string): void;
  filter(filters: Filters): void;
  /** Select one alone; with `range` all from the anchor on; with `toggle` one more or less. */
  select(index: number, how?: { range?: boolean; toggle?: boolean }): Promise<void>;
  /** Select these, or add them to what was selected. */
  set(ids: Iterable<string>, add?: boolean): void;
  all(): Promise<void>;
  /** The results of the selected pictures, each once. */
  results(): string[];
}

export function createGallery(
  pictures: Pictures,
  channel: Channel,
  traits: Traits,
  ended: AbortSignal,
): Gallery {
  // What the last studio of this name was searched for.
  const { query: words, filters } = traits.get("_search", kept, { query: "", filters: {} });
  const query = createStore<Query>({ words, filters });
  const found = createStore<SearchResult | null>(null);
  const error = createStore("");
  const focus = createStore(0);
  const moved = createStore<{ to: number } | null>(null);
  const picked = traits.store("_picked", list(text), []);
  const selected = createStore<ReadonlySet<string>>(new Set(picked.get()));
  let anchor = 0;
  let watched: SeenPicture | null = null;
  let searches = 0;
  /** The newest of the user's choices, by number: answers to earlier ones are ignored. */
  let choice = 0;
  let begun = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: ReturnType<typeof setTimeout> | undefined;

  async function search(keepPlace: boolean) {
    const mine = ++searches;
    const before = keepPlace ? watched : null;
    try {
      const answer = await pictures.search(query.get(), before?.id);
      if (mine !== searches) return;
      error.set("");
      if (!keepPlace) focus.set(0);
      const to = answer.place;
      if (before && to !== null && to !== before.index) {
        focus.set(Math.max(0, focus.get() + to - before.index));
        anchor = Math.max(0, anchor + to - before.index);
        moved.set({ to });
      }
      found.set(answer.found);
    } catch (thrown) {
      if (mine === searches && thrown instanceof Refusal) error.set(thrown.message);
    }
  }

  function searchIn(milliseconds: number, keepPlace: boolean) {
    clearTimeout(timer);
    timer = setTimeout(() => void search(keepPlace), milliseconds);
  }

  function set(ids: Iterable<string>, add = false) {
    choice += 1;
    const next = new Set(add ? selected.get() : []);
    for (const id of ids) if (next.size < MAX_SELECTED) next.add(id);
    choose(next);
  }

  function choose(next: ReadonlySet<string>) {
    selected.set(next);
    // A rubber band changes it many times a second.
    clearTimeout(writing);
    writing = setTimeout(() => traits.write({ _picked: [...next] }), 50);
  }

  async function idsAt(first: number, last: number): Promise<string[]> {
    const here = found.get();
    if (!here || here.total === 0) return [];
    const count = Math.min(MAX_SELECTED, last - first + 1);
    if (count <= FEW) {
      const all = await Promise.all(times(count, (at) => here.at(first + at)));
      return all.filter((id) => id !== null);
    }
    const { words, filters } = query.get();
    const { result } = await channel.request({
      kind: "pick",
      query: words,
      filters,
      offset: first,
      count,
    });
    return read(pickReply, result)?.image_ids ?? [];
  }

  async function selectRange(first: number, last: number, add?: boolean) {
    choice += 1;
    const mine = choice;
    const all = await idsAt(first, last);
    if (mine === choice) set(all, add);
  }

  async function select(index: number, how: { range?: boolean; toggle?: boolean } = {}) {
    focus.set(index);
    if (how.range) {
      return selectRange(Math.min(anchor, index), Math.max(anchor, index), how.toggle);
    }
    anchor = index;
    if (!how.toggle) return selectRange(index, index);
    const [id] = await idsAt(index, index);
    if (id === undefined) return;
    const next = new Set(selected.get());
    if (!next.delete(id) && next.size < MAX_SELECTED) next.add(id);
    choose(next);
  }

  picked.subscribe(() => {
    const ids = picked.get();
    const now = selected.get();
    if (ids.length !== now.size || ids.some((id) => !now.has(id))) selected.set(new Set(ids));
  });
  pictures.library.subscribe(() => begun && searchIn(SETTLE, true));
  atEnd(ended, () => [timer, writing].forEach(clearTimeout));

  return {
    query,
    density: createStore<Density>("medium"),
    found,
    error,
    selected,
    focus,
    moved,
    watch: (place) => {
      watched = place;
    },
    begin() {
      if (begun) return;
      begun = true;
      void search(false);
    },
    words(words) {
      query.set({ ...query.get(), words });
      searchIn(TYPING, false);
    },
    filter(filters) {
      query.set({ ...query.get(), filters });
      searchIn(0, false);
    },
    select,
    set,
    all: () => selectRange(0, (found.get()?.total ?? 0) - 1),
    results: () => [...new Set([...selected.get()].map(resultOf))],
  };
}
