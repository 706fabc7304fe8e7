/** Files dropped or pasted anywhere on the widget, and our own drags. */
export const IMAGE_DRAG = "application/x-seedream-image";
export const REFERENCE_DRAG = "application/x-seedream-reference";

const EVENTS = ["dragenter", "dragover", "dragleave", "drop"] as const;

export const carries = (event: DragEvent, type: string): boolean =>
  event.dataTransfer ? [...event.dataTransfer.types].includes(type) : false;

const isText = (target: EventTarget | null): boolean =>
  target instanceof Element && target.matches("textarea,input");

export interface DropHandlers {
  onFiles(files: File[]): void;
  /** Files hang over the widget, or no longer. */
  onHover(over: boolean): void;
}

export function acceptDrops(root: HTMLElement, handlers: DropHandlers, ended: AbortSignal): void {
  const hasFiles = (event: DragEvent) => carries(event, "Files");

  /** VS Code asks for Shift, and others open the file, unless the drag is claimed early. */
  function claim(event: DragEvent) {
    if (hasFiles(event) && event.composedPath().includes(root)) event.preventDefault();
  }

  function take(event: DragEvent) {
    if (isText(event.target) && !hasFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!hasFiles(event)) return;
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    const left = event.type === "dragleave" && !root.contains(event.relatedTarget as Node | null);
    handlers.onHover(event.type !== "drop" && !left);
    if (event.type === "drop") handlers.onFiles([...(event.dataTransfer?.files ?? [])]);
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
