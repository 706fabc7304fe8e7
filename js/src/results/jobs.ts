/** The cards, newest first: full cards by message, the whole list again whenever one was missed. */
import { type Channel, TimedOut } from "../kernel/channel";
import { read } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import { type Card, isFinal, syncReply } from "../kernel/wire";

const SILENCE = 5000;
const LONGEST = 60_000;
const KEPT = 100;
const FLASH = 1500;

export interface Jobs {
  readonly cards: Store<Card[]>;
  /** Page clock minus kernel clock, in milliseconds; 0 while they agree. */
  readonly skew: Store<number>;
  /** Requests of earlier sessions that can be fetched. */
  readonly waiting: Store<number>;
  /** The card that a click has joined, for a moment. */
  readonly joined: Store<string>;
  /** Ask for all cards; false where no answer came. */
  sync(): Promise<boolean>;
  /** Fetch what waits; rejects with the kernel's sentence. */
  resume(): Promise<void>;
  /** Bring a card to the front. */
  join(id: string): void;
  /** Take a card away here. */
  forget(id: string): void;
}

const merge = (cards: Card[], next: Card): Card[] =>
  cards.some((card) => card.id === next.id)
    ? cards.map((card) => (card.id === next.id ? next : card))
    : [next, ...cards].slice(0, KEPT);

export function createJobs(channel: Channel, ended: AbortSignal): Jobs {
  const cards = createStore<Card[]>([]);
  const skew = createStore(0);
  const waiting = createStore(0);
  const joined = createStore("");
  let resuming = false;
  let seq: number | null = null;
  let running: Promise<boolean> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let patience = SILENCE;

  /** An output flood drops comm messages without a word, so silence is asked about. */
  function watch() {
    clearTimeout(timer);
    if (ended.aborted || seq === null || cards.get().every(isFinal)) return;
    timer = setTimeout(() => void sync(), SILENCE);
  }

  async function ask(): Promise<boolean> {
    try {
      const { result } = await channel.request({ kind: "sync" }, { limit: patience });
      const state = read(syncReply, result);
      patience = SILENCE;
      if (!state) return true;
      seq = state.seq;
      cards.set(state.jobs);
      waiting.set(state.waiting);
      return true;
    } catch (error) {
      // Unanswered: a busy kernel looks like loss, so each further question comes later.
      patience = Math.min(patience * 2, LONGEST);
      if (ended.aborted || channel.state.get().gone) return false;
      retry = setTimeout(() => void sync(), error instanceof TimedOut ? 0 : patience);
      return false;
    }
  }

  function sync(): Promise<boolean> {
    if (ended.aborted) return Promise.resolve(false);
    running ??= ask().finally(() => {
      running = null;
      watch();
    });
    return running;
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
    const isIt = (card: Card) => card.id === id;
    cards.set([...cards.get()].sort((one, other) => +isIt(other) - +isIt(one)));
    joined.set(id);
    setTimeout(() => joined.set(""), FLASH);
  }

  const forget = (id: string) => cards.set(cards.get().filter((card) => card.id !== id));

  channel.listen((notice) => {
    if (notice.kind === "forgotten") forget(notice.job_id);
    if (notice.kind !== "job" || (seq !== null && notice.seq <= seq)) return;
    measureSkew(notice.job);
    cards.set(merge(cards.get(), notice.job));
    const missed = seq === null || notice.seq !== seq + 1;
    if (missed) void sync();
    else seq = notice.seq;
    watch();
  });
  channel.onRevived(() => void sync());
  ended.addEventListener("abort", () => [timer, retry].forEach(clearTimeout));
  return { cards, skew, waiting, joined, sync, resume, join, forget };
}
