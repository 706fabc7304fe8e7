/** The library's pictures: what it says of each, by its id. */
import { type Channel, Refusal, UNREADABLE } from "../kernel/channel";
import { read } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import { browseReply, type Day, type Filters, type Picture, picturesReply } from "../kernel/wire";

/** How many pictures are kept; the least recently used ones are dropped. */
const MAX_HELD = 3000;
const PAGE_SIZE = 100;
/** Most pages of a list whose ids are held. */
const MAX_PAGES = 60;
/** Pages that are asked for at once, of those that are looked at. */
const MAX_IN_FLIGHT = 2;

/** Pictures in a row, by id: a job's, a selection, or all that a search found. */
export interface PictureList {
  readonly total: number;
  /** The id at a place from 0 on; null where there is none any more. */
  at(index: number): Promise<string | null>;
  /** The place beside another one, where they stand in a grid; the same at its edges. */
  along?(from: number, right: number, down: number): number;
}

/** A list of ids that are all known. */
export const listOf = (ids: readonly string[]): PictureList => ({
  total: ids.length,
  at: (index) => Promise.resolve(ids[index] ?? null),
});

/** The result that a picture belongs to. */
export const resultOf = (id: string): string => id.slice(0, id.lastIndexOf(":"));

export interface Query {
  words: string;
  filters: Filters;
}

/** What a search found, by pages: only those that were looked at are held. */
export interface SearchResult extends PictureList {
  readonly days: readonly Day[];
  /** The id at a place, if its page is here. */
  known(index: number): string | undefined;
  /** Request the pages from `first` to `last`. */
  need(first: number, last: number): void;
}

export interface Pictures {
  /** Changes whenever more is known. */
  readonly version: Store<number>;
  /** Changes when the library has changed. */
  readonly library: Store<number>;
  /** The names of all collections, as of the last search. */
  readonly collections: Store<string[]>;
  known(id: string): Picture | undefined;
  /** Ask for a picture with its whole prompt; null if it was deleted. */
  fetch(id: string): Promise<Picture | null>;
  /** Search; rejects with the kernel's sentence. `place` is where the picture `find` stands. */
  search(query: Query, find?: string): Promise<{ found: SearchResult; place: number | null }>;
  /** Apply a change of a result that the kernel has accepted. */
  patch(result: string, change: Partial<Pick<Picture, "favourite" | "rating">>): void;
}

export function createPictures(channel: Channel): Pictures {
  const held = new Map<string, Picture>();
  const version = createStore(0);
  const library = createStore(0);
  const collections = createStore<string[]>([]);

  function hold(pictures: Picture[]) {
    for (const picture of pictures) {
      held.delete(picture.id);
      held.set(picture.id, picture);
    }
    for (const id of held.keys()) {
      if (held.size <= MAX_HELD) break;
      held.delete(id);
    }
  }

  const announceChange = () => version.set(version.get() + 1);

  async function browse(query: Query, offset: number, more: { find?: string; days?: boolean }) {
    const { words, filters } = query;
    const { result } = await channel.request(
      { kind: "browse", query: words.slice(0, 200), filters, offset, count: PAGE_SIZE, ...more },
      { quiet: true },
    );
    const page = read(browseReply, result);
    if (!page) throw new Refusal(UNREADABLE);
    hold(page.pictures);
    return page;
  }

  async function search(query: Query, find = "") {
    const first = await browse(query, 0, { find, days: true });
    if (first.collections) collections.set(first.collections);
    const pages = new Map<number, string[]>([[0, first.pictures.map(({ id }) => id)]]);
    const asked = new Map<number, Promise<void>>();
    let pagesInSight: readonly [number, number] = [0, -1];

    async function load(page: number) {
      try {
        const { pictures } = await browse(query, page * PAGE_SIZE, {});
        pages.set(
          page,
          pictures.map(({ id }) => id),
        );
        for (const old of pages.keys()) {
          if (pages.size <= MAX_PAGES) break;
          if (old !== page) pages.delete(old);
        }
        asked.delete(page);
        announceChange();
        loadInSight();
      } catch {
        // Asked again when it is looked at again.
        asked.delete(page);
      }
    }

    function ensurePage(page: number): Promise<void> {
      const ids = pages.get(page);
      if (ids?.every((id) => held.has(id))) return Promise.resolve();
      const loading = asked.get(page) ?? load(page);
      asked.set(page, loading);
      return loading;
    }

    /** Pages that are out of view by the time of their turn are not requested. */
    function loadInSight() {
      for (
        let page = pagesInSight[0];
        page <= pagesInSight[1] && asked.size < MAX_IN_FLIGHT;
        page += 1
      ) {
        void ensurePage(page);
      }
    }

    // The old list stays visible until the new one has come.
    if (first.place !== null) {
      const page = Math.floor(first.place / PAGE_SIZE);
      await Promise.all([
        ensurePage(page),
        (page + 1) * PAGE_SIZE < first.total && ensurePage(page + 1),
      ]);
    }
    announceChange();

    const known = (index: number) => pages.get(Math.floor(index / PAGE_SIZE))?.[index % PAGE_SIZE];
    const found: SearchResult = {
      total: first.total,
      days: first.days ?? [],
      known,
      need(start, end) {
        pagesInSight = [Math.floor(start / PAGE_SIZE), Math.floor(end / PAGE_SIZE)];
        loadInSight();
      },
      async at(index) {
        if (index < 0 || index >= first.total) return null;
        if (!known(index)) await ensurePage(Math.floor(index / PAGE_SIZE));
        return known(index) ?? null;
      },
    };
    return { found, place: first.place };
  }

  async function fetchOne(id: string): Promise<Picture | null> {
    const { result } = await channel.request(
      { kind: "pictures", image_ids: [id] },
      { quiet: true },
    );
    const [picture] = read(picturesReply, result)?.pictures ?? [];
    if (picture) {
      hold([picture]);
      announceChange();
    }
    return picture ?? null;
  }

  channel.listen((notice) => {
    if (notice.kind === "library") library.set(library.get() + 1);
  });

  return {
    version,
    library,
    collections,
    known: (id) => held.get(id),
    fetch: fetchOne,
    search,
    patch(result, change) {
      for (const [id, picture] of held) {
        if (picture.result === result) held.set(id, { ...picture, ...change });
      }
      announceChange();
    },
  };
}
