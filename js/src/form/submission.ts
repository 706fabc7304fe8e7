/** The click: one at a time, with the whole form as it stands on the page. */

import { type Channel, Refusal } from "../kernel/channel";
import { type Faults, placeOf } from "../kernel/faults";
import { read } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import { type Card, type Form, submitReply } from "../kernel/wire";

const PATIENCE = 1500;
const SILENCE = 5000;
const GRACE = 1000;
const LOST =
  "No answer came to the click. If no new card stands in the results, press Generate again.";

export const WAITING = "Waiting for the kernel";

export type Phase = "idle" | "sending" | "waiting";

/** Where the card of a click will stand. */
export interface Cards {
  readonly cards: Store<Card[]>;
  /** Ask the kernel for all of them. */
  sync(): Promise<void>;
  /** Bring a card to the front. */
  join(id: string): void;
}

export interface Submission {
  readonly phase: Store<Phase>;
  send(form: Form): Promise<void>;
}

const pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time));

export function createSubmission(
  channel: Channel,
  jobs: Cards,
  faults: Faults,
  ended: AbortSignal,
): Submission {
  const phase = createStore<Phase>("idle");

  /** The kernel answers in order: once a later question is answered, a missing answer is lost. */
  async function watchLoss(lost: AbortController) {
    await pause(SILENCE);
    if (lost.signal.aborted || phase.get() === "idle") return;
    await jobs.sync();
    await pause(GRACE);
    lost.abort();
  }

  async function send(form: Form) {
    if (phase.get() !== "idle") return;
    const lost = new AbortController();
    phase.set("sending");
    const slow = setTimeout(() => phase.set("waiting"), PATIENCE);
    faults.clear("prompt", "references", "image_size", "form");
    faults.clear("num_images", "max_images", "seed");
    const known = jobs.cards.get().map(({ id }) => id);
    try {
      void watchLoss(lost);
      const reply = await channel.request({ kind: "submit", form }, { signal: lost.signal });
      const id = read(submitReply, reply.result)?.job_id;
      if (id && known.includes(id)) jobs.join(id);
    } catch (error) {
      if (ended.aborted) return;
      if (lost.signal.aborted) faults.tell("form", LOST);
      else if (error instanceof Refusal) faults.tell(placeOf(error.field), error.message);
      else if (!channel.state.get().gone) faults.tell("form", String(error));
    } finally {
      clearTimeout(slow);
      phase.set("idle");
    }
  }

  return { phase, send };
}
