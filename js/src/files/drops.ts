/** Files and addresses dropped or pasted anywhere on the widget, and our own drags. */
import { useState } from "preact/hooks";
import { consume, listen } from "../kernel/page";
import { type Addressed, hasAddress, readAddress } from "./addresses";

export const IMAGE_DRAG = "application/x-seedream-image";
export const REFERENCE_DRAG = "application/x-seedream-reference";

export const carries = (event: DragEvent, type: string): boolean =>
  event.dataTransfer ? [...event.dataTransfer.types].includes(type) : false;

/** Let an element be dragged as one of ours. */
export function drag(
  { dataTransfer }: DragEvent,
  type: string,
  id: string,
  effect: "copy" | "move",
) {
  dataTransfer?.setData(type, id);
  if (dataTransfer) dataTransfer.effectAllowed = effect;
}

const takesText = (target: EventTarget | null): boolean =>
  target instanceof Element && target.matches("textarea,input");

const isOwn = (event: DragEvent) => carries(event, IMAGE_DRAG) || carries(event, REFERENCE_DRAG);

/** Files dropped on the prompt restore the form; anywhere else they become references. */
export type DropPlace = "prompt" | "references";

/** Where files are dragged over the widget: "shut" while the host does not allow a drop. */
export type Hover = DropPlace | "shut" | "";

export interface DropHandlers {
  onFiles(files: File[], place?: DropPlace): void;
  /** A picture that came as an address. */
  onAddress?(found: Promise<Addressed>): void;
  onHover(over: Hover): void;
}

const dropPlaceOf = ({ target }: Event): DropPlace =>
  target instanceof Element && target.matches(".sd-prompt") ? "prompt" : "references";

/** VS Code's own overlay takes a drag that crosses its window, unless Shift is held. */
export const needsShift = (): boolean => "vscodeThemeKind" in document.body.dataset;

/** Word and spreadsheets copy a picture of the text; a file manager copies the names of files. */
function isText(data: DataTransfer): boolean {
  const lines = data.getData("text/plain").trim().split(/\r?\n/);
  const names = [...data.files].map(({ name }) => name);
  return lines.join("") !== "" && !lines.every((line) => names.some((name) => line.endsWith(name)));
}

export function acceptDrops(root: HTMLElement, handlers: DropHandlers, ended: AbortSignal): void {
  const hasFiles = (event: DragEvent) => carries(event, "Files");
  const isShut = ({ dataTransfer }: DragEvent) =>
    dataTransfer?.effectAllowed === "none" || dataTransfer?.types.length === 0;

  /** VS Code asks for Shift, and others open the file, unless the drag is claimed early. */
  function claimEarly(event: DragEvent) {
    if (hasFiles(event) && event.composedPath().includes(root)) event.preventDefault();
  }

  function takeAddress(data: DataTransfer | null, inText: boolean): boolean {
    const found = hasAddress(data) && data ? readAddress(data, inText) : null;
    if (found) handlers.onAddress?.(found);
    return found !== null;
  }

  function take(event: DragEvent) {
    const { dataTransfer: data, type, target } = event;
    const isDrop = type === "drop";
    const offered = hasFiles(event) || (hasAddress(data) && !isOwn(event));
    if (takesText(target) && !hasFiles(event)) {
      if (isDrop && offered && takeAddress(data, true)) event.preventDefault();
      return;
    }
    consume(event);
    if (!offered && !isShut(event)) return;
    if (data) data.dropEffect = "copy";
    const left = type === "dragleave" && !root.contains(event.relatedTarget as Node | null);
    const place = dropPlaceOf(event);
    handlers.onHover(isDrop || left ? "" : isShut(event) ? "shut" : place);
    if (!isDrop) return;
    const files = [...(data?.files ?? [])];
    if (files.length > 0) handlers.onFiles(files, place);
    else takeAddress(data, false);
  }

  function paste(event: ClipboardEvent) {
    const { clipboardData: data, target } = event;
    if (!data || (takesText(target) && isText(data))) return;
    const files = [...data.files];
    if (files.length > 0) handlers.onFiles(files);
    else if (!takeAddress(data, takesText(target))) return;
    event.preventDefault();
  }

  listen(root, "dragenter dragover dragleave drop", take, { signal: ended });
  listen(window, "dragenter dragover drop", claimEarly, { capture: true, signal: ended });
  listen(root, "paste", paste, { signal: ended });
}

/** What of ours is dropped on an element, and whether it hangs over it. */
export function useOwnDrops(types: string[], take: (event: DragEvent) => void) {
  const [over, setOver] = useState(false);
  return {
    over,
    handlers: {
      onDragOver: (event: DragEvent) => setOver(types.some((type) => carries(event, type))),
      onDragLeave: () => setOver(false),
      onDrop(event: DragEvent) {
        setOver(false);
        take(event);
      },
    },
  };
}
