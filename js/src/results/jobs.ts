/** The cards, newest first: the newest when the view opens, then one message a change, older ones
 * by pages. Whenever a message was missed, the changes since the last one are asked for. */
import { type Channel, TimedOut } from "../kernel/channel";
import { atEnd } from "../kernel/page";
import { read } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import { type Card, isFinal, olderReply, syncReply } from "../kernel/wire";
import type { PictureList } from "../pictures/pictures";

const SILENCE = 5000;
const MAX_PATIENCE = 60_000;
/** How many ended cards are kept without being asked for. */
const KEPT = 50;
const FLASH = 1500;

export interface Jobs {
  readonly cards: Store<Card[]>;
  /** Page clock minus kernel clock, in milliseconds; 0 while they agree. */
  readonly skew: Store<number>;
  /** Requests of earlier sessions that can be fetched. */
  readonly waiting: Store<number>;
  /** The card that a click has joined, for a moment. */
  readonly joined: Store<string>;
  /** The place before which older cards are to be had; null where there are none. */
  readonly older: Store<number | null>;
  /** Request a page of older cards. */
  more(): Promise<void>;
  /** The card of a picture. */
  of(imageId: string): Card | undefined;
  /** The pictures of all cards from the newest on, as they are now; older ones come when needed. */
  pictures(): PictureList & { ids: readonly string[] };
  /** Ask for what was missed; false where no answer came. */
  sync(): Promise<boolean>;
  /** Resume requests from before; rejects with the kernel's message. */
  resume(): Promise<void>;
  /** Bring a card into sight. */
  join(id: string): void;
  /** Take cards away here, and put others in their places. */
  change(gone: string[], cards?: Card[]): void;
}

export function createJobs(channel: Channel, ended: AbortSignal): Jobs {
  const cards = createStore<Card[]>([]);
  const skew = createStore(0);
  const waiting = createStore(0);
  const joined = createStore("");
  const older = createStore<number | null>(null);
  const cardOfPicture = new Map<string, Card>();
  let capacity = KEPT;
  let loadingOlder: Promise<void> | null = null;
  let resuming = false;
  let seq: number | null = null;
  let syncing: Promise<boolean> | null = null;
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let patience = SILENCE;

  /** Show these cards by their places, without the oldest where they are more than `capacity`. */
  function showCards(all: Card[]) {
    const ended = all.filter(isFinal).sort((one, other) => other.place - one.place);
    const last = ended[capacity - 1];
    if (last && ended.length > capacity) older.set(last.place);
    const shown = all.filter((card) => !isFinal(card) || !last || card.place >= last.place);
    shown.sort((one, other) => other.place - one.place);
    cardOfPicture.clear();
    for (const card of shown) for (const { id } of card.images) cardOfPicture.set(id, card);
    cards.set(shown);
  }

  function change(gone: string[], changed: Card[] = []) {
    const next = new Map(cards.get().map((card) => [card.id, card]));
    for (const id of gone) next.delete(id);
    for (const card of changed) next.set(card.id, card);
    showCards([...next.values()]);
  }

  async function loadOlder(before: number) {
    const { result } = await channel.request({ kind: "older", before }, { quiet: true });
    const page = read(olderReply, result);
    // The list may have been laid out anew meanwhile.
    if (!page || older.get() !== before) return;
    capacity += page.jobs.length;
    older.set(page.next);
    change([], page.jobs);
  }

  function more(): Promise<void> {
    const before = older.get();
    if (before === null) return Promise.resolve();
    loadingOlder ??= loadOlder(before)
      .catch(() => {}) // Asked again when it is looked at again.
      .finally(() => {
        loadingOlder = null;
      });
    return loadingOlder;
  }

  function pictures() {
    const ids: string[] = [];
    let last = Number.POSITIVE_INFINITY;
    function add() {
      for (const { place, images } of cards.get()) {
        if (place >= last || images.length === 0) continue;
        ids.push(...images.map(({ id }) => id));
        last = place;
      }
    }
    add();
    return {
      ids,
      get total() {
        return ids.length;
      },
      async at(index: number) {
        if (index >= ids.length - 1) await more().then(add);
        return ids[index] ?? null;
      },
    };
  }

  /** An output flood drops comm messages silently, so ask if nothing comes. */
  function expectNews() {
    clearTimeout(quiet);
    if (ended.aborted || seq === null || cards.get().every(isFinal)) return;
    quiet = setTimeout(() => void sync(), SILENCE);
  }

  async function askForChanges(): Promise<boolean> {
    try {
      const since = seq === null ? {} : { since: seq };
      const { result } = await channel.request({ kind: "sync", ...since }, { limit: patience });
      const state = read(syncReply, result);
      patience = SILENCE;
      if (!state) return true;
      seq = state.seq;
      if (state.whole) {
        capacity = Math.max(KEPT, state.jobs.length);
        older.set(state.next);
        showCards(state.jobs);
      } else change(state.gone, state.jobs);
      waiting.set(state.waiting);
      return true;
    } catch (error) {
      // Unanswered: a busy kernel looks like loss, so each further question comes later.
      patience = Math.min(patience * 2, MAX_PATIENCE);
      if (ended.aborted || channel.state.get().gone) return false;
      retry = setTimeout(() => void sync(), error instanceof TimedOut ? 0 : patience);
      return false;
    }
  }

  function sync(): Promise<boolean> {
    if (ended.aborted) return Promise.resolve(false);
    syncing ??= askForChanges().finally(() => {
      syncing = null;
      expectNews();
    });
    return syncing;
  }

  function measureSkew(card: Card) {
    // What is fetched from before was made long ago.
    if (resuming || isFinal(card) || cards.get().some((known) => known.id === card.id)) return;
    const apart = Date.now() - card.created;
    // A new card is as old as its way here; more than 2 s is the clocks, not the way.
    if (Math.abs(apart) < 2000) skew.set(0);
    else if (skew.get() === 0 || Math.abs(apart) < Math.abs(skew.get())) skew.set(apart);
  }

  async function resume() {
    const count = waiting.get();
    waiting.set(0);
    resuming = true;
    try {
      await channel.request({ kind: "resume" });
      await sync();
    } catch (error) {
      waiting.set(count);
      throw error;
    } finally {
      resuming = false;
    }
  }

  function join(id: string) {
    joined.set(id);
    setTimeout(() => joined.set(""), FLASH);
  }

  channel.listen((notice) => {
    if (notice.kind !== "job" && notice.kind !== "forgotten") return;
    if (seq !== null && notice.seq <= seq) return;
    if (notice.kind === "job") {
      measureSkew(notice.job);
      change([], [notice.job]);
    } else change([notice.job_id]);
    const missed = seq === null || notice.seq !== seq + 1;
    if (missed) void sync();
    else seq = notice.seq;
    expectNews();
  });
  channel.onRevived(() => void sync());
  atEnd(ended, () => [quiet, retry].forEach(clearTimeout));
  return {
    ...{ cards, skew, waiting, joined, older },
    of: (id) => cardOfPicture.get(id),
    ...{ more, pictures, sync, resume, join, change },
  };
}
