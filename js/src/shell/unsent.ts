/** What was typed while there was no kernel: the page alone has it when the cell is run again. */
import type { Session } from "./session";

interface Cell extends Element {
  sdForm?: Session["form"]["values"]["get"] | undefined;
}

/**
 * Have the next studio of the same cell offer it by Undo. It hangs on the cell's element meanwhile,
 * in the page's memory alone; a cell that shows several of our widgets hands on nothing.
 */
export function handOnUnsent(
  root: Element,
  { channel, form, before, references, jobs }: Session,
): void {
  // By its first news a view is on the page.
  const stop = jobs.cards.subscribe(() => {
    stop();
    const cell = root.closest<Cell>(".jp-Cell");
    if (!cell) return;
    const isAlone = () => !cell.querySelectorAll(".sd-root")[1];
    const hand = () => {
      cell.sdForm = channel.state.get().gone && isAlone() ? form.values.get : undefined;
    };
    const typed = isAlone() && cell.sdForm?.();
    hand();
    channel.state.subscribe(hand);
    if (typed && JSON.stringify(typed) !== JSON.stringify(form.values.get())) {
      before.set({ form: typed, references: references.ids() });
    }
  });
}
