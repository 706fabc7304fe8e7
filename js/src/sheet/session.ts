/** A batch on the page: its cells as they come, what is chosen, and the vote. */
import { type Channel, Refusal, type Reply } from "../kernel/channel";
import { list, type Parse, read, text } from "../kernel/parse";
import { useScope } from "../kernel/scope";
import { createStore, type Store } from "../kernel/store";
import type { Traits } from "../kernel/traits";
import {
  type Ballot,
  gridReply,
  type Outgoing,
  type SheetAxis,
  type SheetCell,
  voteReply,
} from "../kernel/wire";
import type { PictureList } from "../pictures/pictures";
import type { Previews } from "../pictures/previews";

export interface Batch {
  name: string;
  axes: SheetAxis[];
  cells: ReadonlyMap<string, SheetCell>;
}

export interface SheetState {
  batch: Store<Batch | null>;
  fault: Store<string>;
  /** The ids of the chosen pictures. */
  picked: Store<string[]>;
  vote: Store<Ballot | null>;
  load(): Promise<void>;
  pick(id: string): void;
  /** Say which of two is better; without them a vote begins. */
  prefer(better?: string, other?: string): Promise<void>;
}

export interface SheetSession {
  sheet: SheetState;
  channel: Channel;
  previews: Previews;
  announcer: { say(words: string): void };
  open(list: PictureList, index: number): void;
}

export const useSheet = useScope<SheetSession>;

export function createSheet(channel: Channel, traits: Traits): SheetState {
  const batch = createStore<Batch | null>(null);
  const fault = createStore("");
  const vote = createStore<Ballot | null>(null);
  const picked = traits.store("_picked", list(text), []);

  async function ask<T>(message: Outgoing, parse: Parse<T>): Promise<T | null> {
    try {
      const reply: Reply = await channel.request(message, { quiet: true });
      fault.set("");
      return read(parse, reply.result) ?? null;
    } catch (error) {
      if (error instanceof Refusal) fault.set(error.message);
      return null;
    }
  }

  async function load() {
    const found = await ask({ kind: "grid" }, gridReply);
    if (!found) return;
    const cells = new Map(found.cells.map((cell) => [cell.name, cell]));
    batch.set({ name: found.name, axes: found.axes, cells });
  }

  channel.listen((notice) => {
    const now = batch.get();
    if (notice.kind !== "cells" || !now) return;
    const cells = new Map(now.cells);
    for (const cell of notice.cells) cells.set(cell.name, cell);
    batch.set({ ...now, cells });
  });
  channel.onRevived(() => void load());

  return {
    batch,
    fault,
    picked,
    vote,
    load,
    pick(id) {
      const now = picked.get();
      const next = now.includes(id) ? now.filter((each) => each !== id) : [...now, id];
      traits.write({ _picked: next });
      picked.set(next);
    },
    async prefer(better = "", other = "") {
      const ballot = await ask({ kind: "vote", better, other }, voteReply);
      if (ballot) vote.set(ballot);
    },
  };
}
