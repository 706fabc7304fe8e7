/** Keys by what they mean on the page. */
import { hasCommand } from "../kernel/page";
export const isSubmitKey = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && hasCommand(event) && !event.isComposing;

export const isMac = (): boolean => /Mac|iPhone|iPad/.test(navigator.platform);

/** How far to the right and down an arrow key moves. */
export const ARROWS: Readonly<Record<string, readonly [right: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowUp: [0, -1],
  ArrowRight: [1, 0],
  ArrowDown: [0, 1],
};

/** What an arrow key moves by in a single row. */
export function stepOf(key: string): number | undefined {
  const arrow = ARROWS[key];
  return arrow && arrow[0] + arrow[1];
}
