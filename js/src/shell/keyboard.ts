/** Keeps text editing and our own keys within the widget; other shortcuts are the host's. */

import { isMac } from "../controls/keys";
import { activeIn, focusOn, listen, watch } from "../kernel/page";

const FOCUSABLE = "input,textarea,select,button,summary,a[href],[tabindex],[contenteditable]";
const SUPPRESS = "data-lm-suppress-shortcuts";

/** Our menu opens with them, as everywhere. */
const isMenu = ({ key, shiftKey }: KeyboardEvent) =>
  key === "ContextMenu" || (key === "F10" && shiftKey);

/** They move, edit, submit or press, with whatever modifier; and the modifiers on their way. */
const OURS =
  /^(Enter|Backspace|Delete|Insert|Arrow.*|Home|End|Shift|Control|Alt|Meta|AltGraph|CapsLock)$/;
/** The same, by themselves or with Shift; with Ctrl they change the host's tabs, for one. */
const PLAIN = /^(Tab|Escape|Page.*|Process|Dead|Unidentified)$/;
/** Select all, clipboard, undo and redo, each with Ctrl or Cmd. */
const EDITING = /^[acxvzy]$/i;
/** Macs move through text with Ctrl and these. */
const MAC_EDITING = /^[abdefhknoptvy]$/i;

/** Whether a key is text, edits it, or is one of ours; all others belong to the host. */
export function isOurs(event: KeyboardEvent, mac = isMac()): boolean {
  const { key, ctrlKey, altKey, metaKey, shiftKey } = event;
  if (event.isComposing || OURS.test(key) || isMenu(event)) return true;
  const bare = !(ctrlKey || altKey || metaKey);
  if (PLAIN.test(key)) return bare;
  // Function and media keys.
  if ([...key].length !== 1) return false;
  // Alt Gr counts as Ctrl and Alt on Windows; Option writes characters on a Mac.
  if (bare || event.getModifierState("AltGraph")) return true;
  if (mac && !metaKey) return altKey || (MAC_EDITING.test(key) && !shiftKey);
  // With Shift: redo, and paste without format.
  const edits = EDITING.test(key) && (!shiftKey || /[zv]/i.test(key));
  return edits && !altKey && (mac || !metaKey);
}

/**
 * Returns what gives the focus to a neighbour of an element that has left the page with it: else
 * the next key would reach the notebook.
 */
function createFocusKeeper(root: HTMLElement, ended: AbortSignal): () => void {
  let chain: HTMLElement[] = [];
  const remember = ({ target }: FocusEvent) => {
    chain = [];
    for (let at = target as HTMLElement | null; at && at !== root; at = at.parentElement) {
      chain.push(at);
    }
  };
  const forget = ({ target }: FocusEvent) =>
    queueMicrotask(() => {
      if ((target as Element).isConnected && !root.contains(activeIn(root))) chain = [];
    });
  listen(root, "focusin", remember, { signal: ended });
  listen(root, "focusout", forget, { signal: ended });
  return () => {
    if (chain[0]?.isConnected !== false || root.contains(activeIn(root))) return;
    const next = chain.find((element) => element.isConnected && element.tabIndex >= -1);
    const place = next?.matches(FOCUSABLE)
      ? next
      : (next?.closest(".sd-gallery")?.querySelector<HTMLElement>("[tabindex='0']") ??
        next?.closest<HTMLElement>("[tabindex]") ??
        root);
    chain = [];
    focusOn(place);
  };
}

/**
 * JupyterLab hears keys last, Notebook 7 first: what stops at the root is kept from the one, what
 * has focus is marked for the other. The mark keeps every shortcut away, so it stands there for
 * our own keys alone, and is set before anybody else on the page hears the key.
 */
function guardKeys(root: HTMLElement, ended: AbortSignal): void {
  const mark = (event: KeyboardEvent) => {
    const [target] = event.composedPath();
    if (!(target instanceof Element) || !root.contains(target)) return;
    if (isOurs(event)) target.setAttribute(SUPPRESS, "true");
    else target.removeAttribute(SUPPRESS);
  };
  listen(window, "keydown", mark, { capture: true, signal: ended });
  const keep = (event: KeyboardEvent) => isOurs(event) && event.stopPropagation();
  listen(root, "keydown keyup keypress", keep, { signal: ended });
}

/** Escape returns the focus to the notebook if nothing of ours is open. */
function leaveOnEscape(root: HTMLElement, event: KeyboardEvent) {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  const outside = root.parentElement?.closest<HTMLElement>("[tabindex]");
  if (outside) focusOn(outside);
  else (activeIn(root) as HTMLElement | null)?.blur();
}

export function guardKeyboard(root: HTMLElement, ended: AbortSignal): void {
  guardKeys(root, ended);
  listen<KeyboardEvent>(root, "keydown", (event) => leaveOnEscape(root, event), { signal: ended });
  listen(root, "paste copy cut", (event) => event.stopPropagation(), { signal: ended });
  watch([root], { childList: true, subtree: true }, createFocusKeeper(root, ended), ended);
}
