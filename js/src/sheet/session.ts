/** The state of a batch's sheet: its cells, which pictures are selected, and the vote. */

import { createRepeatCheck, eventTime } from "../controls/gesture";
import { attempt, type Channel, type Reply } from "../kernel/channel";
import { list, type Parse, read, text } from "../kernel/parse";
import { useSessionAs } from "../kernel/session";
import { createStore, type Store } from "../kernel/store";
import type { Traits } from "../kernel/traits";
import {
  type Ask,
  type Ballot,
  gridReply,
  type Outgoing,
  type SheetAxis,
  type SheetCell,
  type Standing,
  standingReply,
  voteReply,
} from "../kernel/wire";
import { saveFile } from "../pictures/download";
import type { PictureList } from "../pictures/pictures";
import type { Previews } from "../pictures/previews";

export interface Batch {
  name: string;
  axes: SheetAxis[];
  cells: ReadonlyMap<string, SheetCell>;
  /** The batch's progress, and what its buttons can send. */
  standing: Standing;
}

export interface SheetState {
  batch: Store<Batch | null>;
  error: Store<string>;
  /** The ids of the chosen pictures. */
  picked: Store<string[]>;
  vote: Store<Ballot | null>;
  load(): Promise<void>;
  pick(id: string): void;
  /** Vote for the better of two; without arguments, start a vote. */
  prefer(better?: string, other?: string): Promise<void>;
  /** Whether a press that asks is part of the one before: what its button asks for may have changed
   * under the hand. */
  isAgain(): boolean;
  /** Have the kernel send the missing requests, as offered by one of the buttons. */
  ask(what: Ask): Promise<void>;
  stop(): Promise<void>;
  /** Save the whole sheet as "png" or "html", with this axis across. */
  save(format: string, x: string): Promise<void>;
}

export interface SheetSession {
  sheet: SheetState;
  channel: Channel;
  previews: Previews;
  announcer: { say(words: string): void };
  open(list: PictureList, index: number): void;
}

export const useSheet = useSessionAs<SheetSession>;

export function createSheet(channel: Channel, traits: Traits): SheetState {
  const batch = createStore<Batch | null>(null);
  const error = createStore("");
  const vote = createStore<Ballot | null>(null);
  const picked = traits.store("_picked", list(text), []);

  /** Set once a PNG was refused as too large: the next press has its pictures scaled down. */
  let fit = false;

  async function send(message: Outgoing): Promise<Reply | null> {
    const reply = await attempt(channel.request(message, { quiet: true }), (refusal) => {
      error.set(refusal.message);
      fit = refusal.field === "edge";
    });
    if (reply) error.set("");
    return reply;
  }

  const ask = async <T>(message: Outgoing, parse: Parse<T>) =>
    read(parse, (await send(message))?.result) ?? null;

  /** Update the progress. */
  async function updateStanding(message: Outgoing) {
    const found = await ask(message, standingReply);
    const now = batch.get();
    if (found && now) batch.set({ ...now, ...found });
  }

  async function load() {
    const found = await ask({ kind: "grid" }, gridReply);
    if (!found) return;
    const cells = new Map(found.cells.map((cell) => [cell.name, cell]));
    batch.set({ ...found, cells });
  }

  channel.listen((notice) => {
    const now = batch.get();
    if (notice.kind !== "cells" || !now) return;
    const cells = new Map(now.cells);
    for (const cell of notice.cells) cells.set(cell.name, cell);
    batch.set({ ...now, cells, standing: notice.standing });
  });
  channel.onRevived(() => void load());

  return {
    batch,
    error,
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
    isAgain: createRepeatCheck(),
    ask: ({ words: _, ...what }) => updateStanding({ kind: "ask", ...what, pressed: eventTime() }),
    stop: () => updateStanding({ kind: "stop" }),
    async save(format, x) {
      saveFile(await send({ kind: "export", format, x, fit }));
    },
  };
}
