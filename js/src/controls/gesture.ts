import { consume, listen } from "../kernel/page";

/** Presses closer together than this count as one, as with a double click or a trembling finger. */
export const GESTURE_MS = 1000;

/**
 * When the event that is being handled was made, in milliseconds since the epoch, else now: where
 * the page was busy, the second half of a double click is handled much later than it was made.
 */
export const eventTime = () =>
  Math.round(performance.timeOrigin + (window.event?.timeStamp ?? performance.now()));

/** Whether a press is part of the gesture of the one before it, for the same thing. */
export function createRepeatCheck(): (what?: string) => boolean {
  let last = { what: "", at: 0 };
  return (what = "") => {
    const before = last;
    last = { what, at: eventTime() };
    return before.what === what && Math.abs(last.at - before.at) < GESTURE_MS;
  };
}

/** How far a hand moves within a double click, in CSS pixels. */
const TREMBLE = 9;

/**
 * What sends or stops (`data-once`) is not pressed by the rest of a gesture that began elsewhere:
 * what a press closes or changes may leave it under the hand, or with a held key's focus.
 */
export function guardPresses(root: HTMLElement, ended: AbortSignal): void {
  let last: { on?: Element | null; at: number; x: number; y: number } = { at: 0, x: 0, y: 0 };
  const button = (event: Event) => (event.target as Element).closest("[data-once]");
  function click(event: MouseEvent) {
    const before = last;
    const { clientX: x, clientY: y } = event;
    last = { on: button(event), at: eventTime(), x, y };
    const isAgain =
      last.at - before.at < GESTURE_MS && Math.hypot(x - before.x, y - before.y) < TREMBLE;
    if (event.detail && isAgain && last.on && last.on !== before.on) consume(event);
  }
  const held = (event: KeyboardEvent) =>
    event.repeat && event.key === "Enter" && button(event) && event.preventDefault();
  listen(root, "click", click, { capture: true, signal: ended });
  listen(root, "keydown", held, { signal: ended });
}
