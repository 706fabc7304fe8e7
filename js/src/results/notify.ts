/** Tells Python of a click's pictures, as marimo reacts to no traits but those the page writes. */

import { text } from "../kernel/parse";
import type { Traits } from "../kernel/traits";
import type { Card } from "../kernel/wire";
import type { Jobs } from "./jobs";

/** The newest job of a click: telling of a cell's own jobs would run that cell again for ever. */
function newest(cards: Card[], since: number): Card | null {
  const done = cards.filter((card) => card.clicked && card.images.length > 0);
  const [first] = done.sort((one, other) => (other.finished ?? 0) - (one.finished ?? 0));
  return (first?.finished ?? 0) > since ? (first as Card) : null;
}

export function notifyPython(jobs: Jobs, traits: Traits): void {
  let last = 0;
  jobs.cards.subscribe(() => {
    const card = newest(jobs.cards.get(), last);
    if (!card) return;
    last = card.finished ?? 0;
    const id = card.images[0]?.id;
    // Another view may have told it already, or this one before the page was loaded again.
    if (id !== traits.get("_arrived", text, "")) traits.write({ _arrived: id });
  });
}
