/** Keep keys, pastes and focus inside: a notebook takes every stray letter for a command. */
const FOCUSABLE = "input,textarea,select,button,summary,a[href],[tabindex],[contenteditable]";
const SUPPRESS = "data-lm-suppress-shortcuts";
const KEPT = ["keydown", "keyup", "keypress", "paste", "copy", "cut"] as const;

function mark(root: Element) {
  // Lumino matches the focused element itself, so the attribute on the root alone is not enough.
  for (const element of [root, ...root.querySelectorAll(FOCUSABLE)]) {
    if (!element.hasAttribute(SUPPRESS)) element.setAttribute(SUPPRESS, "true");
  }
}

const activeIn = (root: HTMLElement): Element | null =>
  (root.getRootNode() as Document | ShadowRoot).activeElement;

/** Where focus goes when its element leaves the page: else the next key would reach the notebook. */
function guardFocus(root: HTMLElement, ended: AbortSignal): () => void {
  let chain: HTMLElement[] = [];
  const remember = ({ target }: FocusEvent) => {
    chain = [];
    for (let at = target as HTMLElement | null; at && at !== root; at = at.parentElement) {
      chain.push(at);
    }
  };
  const leave = ({ target }: FocusEvent) =>
    queueMicrotask(() => {
      if ((target as Element).isConnected && !root.contains(activeIn(root))) chain = [];
    });
  root.addEventListener("focusin", remember, { signal: ended });
  root.addEventListener("focusout", leave, { signal: ended });
  return () => {
    if (chain[0]?.isConnected !== false || root.contains(activeIn(root))) return;
    const next = chain.find((element) => element.isConnected && element.tabIndex >= -1);
    const place = next?.matches(FOCUSABLE)
      ? next
      : (next?.closest<HTMLElement>("[tabindex]") ?? root);
    chain = [];
    place.focus({ preventScroll: true });
  };
}

export function guardKeyboard(root: HTMLElement, ended: AbortSignal): void {
  for (const kind of KEPT) {
    root.addEventListener(kind, (event) => event.stopPropagation(), { signal: ended });
  }
  const restoreFocus = guardFocus(root, ended);
  const observer = new MutationObserver(() => {
    mark(root);
    restoreFocus();
  });
  observer.observe(root, { childList: true, subtree: true, attributeFilter: ["tabindex"] });
  ended.addEventListener("abort", () => observer.disconnect());
  mark(root);
}
