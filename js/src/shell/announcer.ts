/** What is announced to a screen reader, by only one of several views. */

import { type Phase, WAITING } from "../form/submission";
import { createStore, type Store } from "../kernel/store";
import type { Card, JobState } from "../kernel/wire";
import type { Jobs } from "../results/jobs";

const MAX_LENGTH = 60;
const ANNOUNCED = "seedream-said";
const MOMENT = 1000;
/** A line that stood for less, in ms, may not have been heard: what comes next stands beside it. */
const HEARD = 200;

export const shorten = (prompt: string, length = MAX_LENGTH): string =>
  prompt.length > length ? `${prompt.slice(0, length - 1).trimEnd()}…` : prompt;

/** An object each time: the same words are said again. */
interface Line {
  words: string;
  at: number;
}

export interface Announcer {
  readonly lines: Store<Line[]>;
  /** Say these words; `anew` where they take the place of what was said a moment ago. */
  say(words: string, anew?: boolean): void;
  /** Whether this view announces a line: of several views on a page, the first one does. */
  claim(words: string): boolean;
}

export function createAnnouncer(root: HTMLElement, ended: AbortSignal): Announcer {
  const lines = createStore<Line[]>([]);
  const heard = new Set<string>();

  function claim(words: string): boolean {
    if (heard.has(words) || root.checkVisibility?.() === false) return false;
    root.dispatchEvent(
      new CustomEvent(ANNOUNCED, { detail: words, bubbles: true, composed: true }),
    );
    return true;
  }

  function say(words: string, anew = false) {
    if (!claim(words)) return;
    const at = Date.now();
    lines.set([...lines.get().filter((line) => !anew && at - line.at < HEARD), { words, at }]);
  }

  function listen(event: Event) {
    if (event.composedPath()[0] === root) return;
    const { detail } = event as CustomEvent<string>;
    heard.add(detail);
    setTimeout(() => heard.delete(detail), MOMENT);
  }

  document.addEventListener(ANNOUNCED, listen, { signal: ended });
  return { lines, say, claim };
}

/** Say each change of a job's state once, and that a click waits. */
export function announceJobs({ say }: Announcer, jobs: Jobs, phase: Store<Phase>) {
  const told = new Map<string, JobState>();
  let first = true;
  let newest = 0;
  jobs.cards.subscribe(() => {
    // What was there when the page opened is no news, nor are older cards that come later.
    const changed = jobs.cards
      .get()
      .filter(({ id, place, state }) => (told.has(id) ? told.get(id) !== state : place > newest));
    for (const { id, place, state } of jobs.cards.get()) {
      told.set(id, state);
      newest = Math.max(newest, place);
    }
    if (!first && changed.length > 0) {
      const news = (card: Card) => `${shorten(card.prompt)}: ${card.error?.message ?? card.text}`;
      say(changed.map(news).join(". "));
    }
    first = false;
  });
  phase.subscribe(() => phase.get() === "waiting" && say(WAITING));
}
