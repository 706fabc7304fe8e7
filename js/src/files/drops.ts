/** Files dropped or pasted anywhere on the widget, and our own drags. */
export const IMAGE_DRAG = "application/x-seedream-image";
export const REFERENCE_DRAG = "application/x-seedream-reference";

const EVENTS = ["dragenter", "dragover", "dragleave", "drop"] as const;

export const carries = (event: DragEvent, type: string): boolean =>
  event.dataTransfer ? [...event.dataTransfer.types].includes(type) : false;

const isText = (target: EventTarget | null): boolean =>
  target instanceof Element && target.matches("textarea,input");

/** Files on the prompt set the form again, anywhere else they become references. */
export type DropPlace = "prompt" | "references";

/** Where files hang over the widget: "shut" while the host lets none be dropped. */
export type Hover = DropPlace | "shut" | "";

export interface DropHandlers {
  onFiles(files: File[], place?: DropPlace): void;
  onHover(over: Hover): void;
}

const placeOf = ({ target }: Event): DropPlace =>
  target instanceof Element && target.matches(".sd-prompt") ? "prompt" : "references";

export function acceptDrops(root: HTMLElement, handlers: DropHandlers, ended: AbortSignal): void {
  const hasFiles = (event: DragEvent) => carries(event, "Files");
  const isShut = ({ dataTransfer }: DragEvent) =>
    dataTransfer?.effectAllowed === "none" || dataTransfer?.types.length === 0;

  /** VS Code asks for Shift, and others open the file, unless the drag is claimed early. */
  function claim(event: DragEvent) {
    if (hasFiles(event) && event.composedPath().includes(root)) event.preventDefault();
  }

  function take(event: DragEvent) {
    if (isText(event.target) && !hasFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!hasFiles(event) && !isShut(event)) return;
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    const left = event.type === "dragleave" && !root.contains(event.relatedTarget as Node | null);
    const place = placeOf(event);
    const isDrop = event.type === "drop";
    handlers.onHover(isDrop || left ? "" : isShut(event) ? "shut" : place);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (isDrop && files.length > 0) handlers.onFiles(files, place);
  }

  function paste(event: ClipboardEvent) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    handlers.onFiles(files);
  }

  for (const kind of EVENTS) {
    root.addEventListener(kind, take, { signal: ended });
    if (kind !== "dragleave") {
      window.addEventListener(kind, claim, { capture: true, signal: ended });
    }
  }
  root.addEventListener("paste", paste, { signal: ended });
}
