/** Helpers for the page: events, focus and the like. */

/** Call `heard` at every event of these kinds, which spaces tell apart. */
export function listen<E extends Event>(
  target: EventTarget,
  kinds: string,
  heard: (event: E) => unknown,
  options?: AddEventListenerOptions,
): void {
  for (const kind of kinds.split(" ")) {
    target.addEventListener(kind, heard as (event: Event) => unknown, options);
  }
}

export const atEnd = (ended: AbortSignal, act: () => unknown): void =>
  ended.addEventListener("abort", act);

/** Call `act` now and whenever one of these elements changes, until the view ends. */
export function watch(
  elements: Element[],
  what: MutationObserverInit,
  act: () => void,
  ended: AbortSignal,
): void {
  const observer = new MutationObserver(act);
  for (const element of elements) observer.observe(element, what);
  atEnd(ended, () => observer.disconnect());
  act();
}

/** Ctrl, or Cmd on a Mac. */
export const hasCommand = ({ ctrlKey, metaKey }: KeyboardEvent | MouseEvent): boolean =>
  ctrlKey || metaKey;

/** Take an event for ourselves: no default action, and nothing further up hears it. */
export function consume(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}

export const activeIn = (element: Element): Element | null =>
  (element.getRootNode() as Document | ShadowRoot).activeElement;

export const boxOf = (element: Element): DOMRect => element.getBoundingClientRect();

export const rootOf = (element: Element): HTMLElement | null => element.closest(".sd-root");

/** Give an element the focus; the page stays where it is. */
export const focusOn = (element: HTMLElement | null | undefined): void =>
  element?.focus({ preventScroll: true });

export const bringIntoSight = (element: Element | null | undefined): void =>
  element?.scrollIntoView({ block: "nearest" });

/** Go to something else in the same widget. */
export function goTo(from: Element, selector: string): void {
  const there = rootOf(from)?.querySelector<HTMLElement>(selector);
  bringIntoSight(there);
  focusOn(there);
}

/** Call `act` at a press elsewhere than in `box`, until the answer is called. */
export function atPressElsewhere(box: Element, act: () => void): () => void {
  const over = new AbortController();
  const heard = (event: Event) => event.composedPath().includes(box) || act();
  listen(window, "pointerdown", heard, { capture: true, signal: over.signal });
  return () => over.abort();
}

/** Revoke a Blob URL, if there is one. */
export const revoke = (url: string | null | undefined): void => {
  if (url) URL.revokeObjectURL(url);
};
