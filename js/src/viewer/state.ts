/** What a viewer shows: one picture of a list, or two that are compared. */
import { type Channel, Refusal, UNREADABLE } from "../kernel/channel";
import { clamp } from "../kernel/numbers";
import { read } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import { type Receipt, receiptReply } from "../kernel/wire";
import { listOf, type PictureList, type Pictures } from "../pictures/pictures";
import type { Viewing } from "../pictures/session";

/** A picture in the viewer. */
export interface ViewedPicture {
  id: string;
  width: number;
  height: number;
  /** What it is called: its prompt, or a file's name. */
  words: string;
}

/** Gives what is known of a picture by its id; null where it is gone. */
export type LookUp = (id: string) => Promise<ViewedPicture | null>;

export interface Shown {
  list: PictureList;
  picture: ViewedPicture;
  /** Where it is in the list, from 0. */
  at: number;
  /** What it is compared with: A, while `picture` is B. */
  pinned: ViewedPicture | null;
  /** Where A is in the list, or was B when A came from elsewhere. */
  pinnedAt: number;
}

export interface ViewerState {
  readonly shown: Store<Shown | null>;
  close(): void;
  /** Go on in the list, past the other of two: with the picture, or with what it is compared with.
   * Tells whether there was a further one. */
  step(by: number, which?: "picture" | "pinned"): Promise<boolean>;
  /** Compare with this picture, of this place in the list; null ends it. */
  pin(picture: ViewedPicture | null, at?: number): void;
  /** Look at pictures by their ids, from one of them on. */
  walk(ids: string[], index: number): void;
  /** What is known of a picture; a sentence in its place where that can't be told. */
  receipt(id: string): Promise<Receipt>;
  /** The kernel's sentence for each picture whose receipt it refused, as it was deleted. */
  readonly gone: Store<Record<string, string>>;
}

interface Parts {
  channel: Channel;
  /** Set by whoever opens a picture; null while none is open. */
  viewing: Store<Viewing | null>;
  lookUp: LookUp;
}

/** Looks a picture up in the library. */
export const lookUpIn =
  (pictures: Pictures): LookUp =>
  async (id) => {
    const found = pictures.known(id) ?? (await pictures.fetch(id));
    return found && { ...found, words: found.prompt };
  };

export const NOTHING: Receipt = { rows: [], inputs: [], line: [] };

export function createViewer({ channel, viewing, lookUp }: Parts): ViewerState {
  const shown = createStore<Shown | null>(null);
  const gone = createStore<Record<string, string>>({});
  let looking = "";
  /** Counts requests, so that late answers to older ones are ignored. */
  let turn = 0;

  /** Tell the kernel which pictures are shown, so that it decodes them ahead. */
  function show(next: Shown | null) {
    const targets = next ? [next.pinned?.id, next.picture.id].filter((id) => id !== undefined) : [];
    if (targets.join() !== looking) {
      looking = targets.join();
      channel.request({ kind: "look", targets }, { quiet: true }).catch(() => {});
    }
    shown.set(next);
  }

  const find = async (id: string): Promise<ViewedPicture> =>
    (await lookUp(id).catch(() => null)) ?? { id, width: 0, height: 0, words: "not here" };

  async function open({ list, index, against }: Viewing) {
    const mine = ++turn;
    const id = await list.at(index).catch(() => null);
    const found = id && (await Promise.all([find(id), against ? find(against) : null]));
    if (mine !== turn) return;
    if (!found) return viewing.set(null);
    const [picture, pinned] = found;
    show({ list, picture, at: index, pinned, pinnedAt: index });
  }

  async function step(by: number, which: "picture" | "pinned" = "picture") {
    const now = shown.get();
    if (!now) return false;
    const { list } = now;
    const [moves, other] =
      which === "pinned" ? (["pinnedAt", now.picture] as const) : (["at", now.pinned] as const);
    const mine = ++turn;
    const from = now[moves];
    let to = clamp(0, from + by, list.total - 1);
    let id = to === from ? null : await list.at(to).catch(() => null);
    // None is compared with itself.
    if (id && id === other?.id) {
      to += Math.sign(by);
      id = await list.at(to).catch(() => null);
    }
    const picture = id && (await find(id));
    // Somebody may have gone on, or closed it, meanwhile.
    const last = shown.get();
    if (!picture || !last || mine !== turn) return false;
    show({ ...last, [which]: picture, [moves]: to });
    return true;
  }

  viewing.subscribe(() => {
    const next = viewing.get();
    if (next) return void open(next);
    turn += 1;
    show(null);
  });

  async function receipt(id: string): Promise<Receipt> {
    const tell = (words: string) => gone.set({ ...gone.get(), [id]: words });
    try {
      const { result } = await channel.request({ kind: "receipt", target: id }, { quiet: true });
      const receipt = read(receiptReply, result);
      if (!receipt) throw new Refusal(UNREADABLE);
      tell("");
      return receipt;
    } catch (error) {
      if (!(error instanceof Refusal)) return NOTHING;
      const { message: text, field } = error;
      if (field !== "picture") return { ...NOTHING, rows: [{ name: "Receipt", text }] };
      tell(text);
      return NOTHING;
    }
  }

  // It may be what is looked at that was deleted, or brought back.
  channel.listen(({ kind }) => {
    const { picture, pinned } = shown.get() ?? {};
    if (kind === "library") for (const each of [picture, pinned]) if (each) void receipt(each.id);
  });

  return {
    shown,
    gone,
    receipt,
    step,
    close: () => viewing.set(null),
    walk: (ids, index) => viewing.set({ list: listOf(ids), index, against: null }),
    pin(pinned, at) {
      const now = shown.get();
      turn += 1;
      if (now) show({ ...now, pinned, pinnedAt: at ?? now.at });
    },
  };
}
