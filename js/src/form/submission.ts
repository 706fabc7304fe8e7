/** Sends a click: one at a time, with the whole form and the terms that the button shows. */

import { eventTime, GESTURE_MS } from "../controls/gesture";
import { type Channel, Refusal } from "../kernel/channel";
import { type Errors, errorPlaceOf, FIELDS } from "../kernel/errors";
import { read } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import { type Card, type Form, submitReply, type Terms } from "../kernel/wire";

const PATIENCE = 1500;
const SILENCE = 5000;
const GRACE = 1000;
const LOST =
  "The kernel did not answer. If there is no new card in the results, press Generate again.";

export const WAITING = "Waiting for the kernel";

/** "sent": answered, but another press of the same form still counts as the same gesture. */
export type Phase = "idle" | "sending" | "waiting" | "sent";

interface Press {
  /** What it asked for, as JSON. */
  form: string;
  /** Of the newest press for it. */
  at: number;
}

/** Where the card of a click will appear. */
export interface Cards {
  readonly cards: Store<Card[]>;
  /** Ask the kernel for all of them; false where no answer came. */
  sync(): Promise<boolean>;
  /** Bring a card to the front. */
  join(id: string): void;
}

export interface Submission {
  readonly phase: Store<Phase>;
  /** Send what a press asks for; a press within a second of one for the same is part of it. */
  send(form: Form, terms: Terms): Promise<void>;
}

const pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time));

export function createSubmission(
  channel: Channel,
  jobs: Cards,
  errors: Errors,
  ended: AbortSignal,
): Submission {
  const phase = createStore<Phase>("idle");

  /** The kernel answers in order: once a later question is answered, a missing answer is lost. */
  async function watchLoss(lost: AbortController) {
    await pause(SILENCE);
    const waits = () => !lost.signal.aborted && !ended.aborted && phase.get() !== "idle";
    // Where the question has no answer either, the kernel is busy, or gone: nothing is lost yet.
    while (waits() && !(await jobs.sync())) await pause(GRACE);
    await pause(GRACE);
    lost.abort();
  }

  let press: Press = { form: "", at: 0 };
  /** What the kernel asked to confirm: pressing again confirms it. */
  let asked: { form: string; terms: Terms } | null = null;

  /** Once the gesture is over the new card comes into sight: sooner, it would move the page under
   * the hand. */
  async function settle(sent: Press, id: string | undefined) {
    const left = () => sent.at + GESTURE_MS - eventTime();
    while (left() > 0) await pause(left());
    if (ended.aborted || sent !== press) return;
    phase.set("idle");
    if (id) jobs.join(id);
  }

  async function send(form: Form, terms: Terms) {
    const wanted = JSON.stringify(form);
    const now = eventTime();
    if (wanted === press.form && Math.abs(now - press.at) < GESTURE_MS) {
      press.at = now;
      return;
    }
    if (phase.get() === "sending" || phase.get() === "waiting") return;
    const sent = { form: wanted, at: now };
    press = sent;
    const agreed = asked?.form === wanted ? asked.terms : terms;
    asked = null;
    const lost = new AbortController();
    phase.set("sending");
    const slow = setTimeout(() => phase.set("waiting"), PATIENCE);
    errors.clear(...FIELDS, "form");
    let next: Phase = "idle";
    let id: string | undefined;
    try {
      void watchLoss(lost);
      const reply = await channel.request(
        { kind: "submit", form, terms: agreed, pressed: now },
        { signal: lost.signal },
      );
      next = "sent";
      id = read(submitReply, reply.result)?.job_id;
    } catch (error) {
      if (ended.aborted) return;
      if (lost.signal.aborted) errors.tell("form", LOST);
      else if (error instanceof Refusal) {
        if (error.terms) asked = { form: wanted, terms: error.terms };
        errors.tell(errorPlaceOf(error.field), error.message);
      } else if (!channel.state.get().gone) errors.tell("form", String(error));
    } finally {
      clearTimeout(slow);
      phase.set(next);
    }
    if (next === "sent") await settle(sent, id);
  }

  return { phase, send };
}
