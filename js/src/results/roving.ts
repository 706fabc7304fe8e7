/** All pictures as one stop for Tab: arrows go between them, and only the current one's card and
 * buttons are stops of their own. */

import { useEffect, useRef } from "preact/hooks";
import { activeIn, boxOf, bringIntoSight, hasCommand } from "../kernel/page";

const PICTURE = ".sd-pick[aria-pressed]";
/** A card that runs keeps its Cancel in reach. */
const ITEM = `${PICTURE}, .sd-job:not([aria-busy=true]):not(:has(${PICTURE}))`;

const itemsOf = (stage: HTMLElement) => [...stage.querySelectorAll<HTMLElement>(ITEM)];

const tileOrCard = (element: Element) => element.closest(".sd-tile") ?? element.closest(".sd-job");

function setTabStops(stage: HTMLElement) {
  const items = itemsOf(stage);
  const active = activeIn(stage);
  const holdsFocus = (item: HTMLElement) => active && tileOrCard(item)?.contains(active);
  const now =
    items.find(holdsFocus) ??
    items.find((item) => item.getAttribute("aria-pressed") === "true") ??
    items.find((item) => item.dataset.current) ??
    items[0];
  for (const item of items) {
    if (item === now) item.dataset.current = "yes";
    else delete item.dataset.current;
  }
  for (const card of stage.querySelectorAll(".sd-job:not([aria-busy=true])")) {
    const here = now && card.contains(now);
    for (const stop of card.querySelectorAll<HTMLElement>("button")) {
      const place = tileOrCard(stop);
      stop.tabIndex = here && (place === card || place?.contains(now)) ? 0 : -1;
    }
    (card as HTMLElement).tabIndex = card === now ? 0 : -1;
  }
}

/** The nearest one in the next row up or down. */
function inNextRow(
  items: HTMLElement[],
  from: HTMLElement,
  down: boolean,
): HTMLElement | undefined {
  const start = boxOf(from);
  const middle = start.left + start.width / 2;
  const distance = (item: HTMLElement) => {
    const { top, bottom, left, width } = boxOf(item);
    const gap = down ? top - start.bottom : start.top - bottom;
    return gap < -2 ? Number.POSITIVE_INFINITY : gap * 4 + Math.abs(left + width / 2 - middle);
  };
  const [next] = items
    .filter((item) => item !== from)
    .sort((one, two) => distance(one) - distance(two));
  return next && Number.isFinite(distance(next)) ? next : undefined;
}

function targetOf(items: HTMLElement[], from: HTMLElement, key: string): HTMLElement | undefined {
  const at = items.indexOf(from);
  if (key === "ArrowRight") return items[at + 1];
  if (key === "ArrowLeft") return items[at - 1];
  if (key === "Home") return items[0];
  if (key === "End") return items.at(-1);
  if (key === "ArrowUp" || key === "ArrowDown") return inNextRow(items, from, key === "ArrowDown");
  return undefined;
}

/** The event handlers for the results' section. */
export function useRoving() {
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    const stage = ref.current;
    if (!stage) return;
    const observer = new MutationObserver(() => setTabStops(stage));
    observer.observe(stage, {
      childList: true,
      subtree: true,
      attributeFilter: ["aria-busy", "aria-pressed"],
    });
    setTabStops(stage);
    return () => observer.disconnect();
  }, []);
  return {
    ref,
    onFocusIn: () => void (ref.current && setTabStops(ref.current)),
    onKeyDown(event: KeyboardEvent) {
      const stage = ref.current;
      const from = event.target as HTMLElement;
      if (!stage || !from.matches(ITEM) || hasCommand(event) || event.altKey) return;
      const next = targetOf(itemsOf(stage), from, event.key);
      if (!next) return;
      event.preventDefault();
      next.focus();
      bringIntoSight(next);
    },
  };
}
