/** Keys by what they mean on the page. */
export const isSubmitKey = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing;

export const isMac = (): boolean => /Mac|iPhone|iPad/.test(navigator.platform);

/** What an arrow key moves by. */
export const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
};
