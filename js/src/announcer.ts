/** What a screen reader hears: each change of a job's state once, and that a click waits. */
import type { Jobs } from "./jobs";
import { createStore, type Store } from "./store";
import { type Phase, WAITING } from "./submission";
import type { JobState } from "./wire";

const LENGTH = 60;

export const shorten = (prompt: string, length = LENGTH): string =>
  prompt.length > length ? `${prompt.slice(0, length - 1).trimEnd()}…` : prompt;

export interface Announcer {
  readonly line: Store<string>;
  say(line: string): void;
}

export function createAnnouncer(jobs: Jobs, phase: Store<Phase>): Announcer {
  const line = createStore("");
  const told = new Map<string, JobState>();
  let first = true;

  jobs.cards.subscribe(() => {
    const changed = jobs.cards.get().filter((card) => told.get(card.id) !== card.state);
    for (const card of changed) told.set(card.id, card.state);
    // What was there when the page opened is no news.
    if (!first && changed.length > 0) {
      line.set(changed.map((card) => `${shorten(card.prompt)}: ${card.text}`).join(". "));
    }
    first = false;
  });
  phase.subscribe(() => phase.get() === "waiting" && line.set(WAITING));
  return { line, say: line.set };
}
