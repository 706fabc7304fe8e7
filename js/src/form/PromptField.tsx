import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { DropHint } from "../files/DropHint";
import { Fault } from "../files/Fault";
import { useStore } from "../kernel/store";
import { mentionHint } from "./checks";
import { useSession } from "./session";

const LINES = 12;

/** Grow with the text, so that a prompt is read whole; a drag of the corner still wins. */
function useAutoGrow(text: string) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    // Some hosts draw before they attach, and all can change the width. A frame later, as a
    // height that changes within the observer's own turn is reported as an error.
    const measure = () => requestAnimationFrame(() => setWidth(area.current?.offsetWidth ?? 0));
    const observer = new ResizeObserver(measure);
    if (area.current) observer.observe(area.current);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const { current } = area;
    if (!current) return;
    current.style.height = "auto";
    const line = Number.parseFloat(getComputedStyle(current).lineHeight) || 19;
    const height = Math.min(current.scrollHeight + 2, line * LINES + 16);
    // 0 where nothing is laid out yet.
    if (current.scrollHeight > 0) current.style.height = `${height}px`;
  }, [text, width]);
  return area;
}

export function PromptField({ references }: { references: number }) {
  const { channel, form, faults, uploads, actions } = useSession();
  const { prompt } = useStore(form.values);
  const fault = useStore(faults.all).prompt;
  const area = useAutoGrow(prompt);
  const id = `${channel.view}-prompt`;
  const restoring = useStore(uploads.tiles).find((tile) => tile.onFault);
  const hint =
    !fault && (restoring ? `Reading ${restoring.name}` : mentionHint(prompt, references));
  return (
    <div class="sd-field sd-prompt-field">
      <div class="sd-label">
        <label for={id}>Prompt</label>
        <span aria-hidden="true">{[...prompt].length || ""}</span>
      </div>
      <textarea
        id={id}
        ref={area}
        class="sd-input sd-prompt"
        rows={4}
        value={prompt}
        placeholder={
          references > 0
            ? "Say what to change. Name the images: dress image 1 in the coat of image 2"
            : "Describe the picture. Put words to be written in “double quotes”"
        }
        aria-invalid={fault ? true : undefined}
        aria-describedby={fault || hint ? `${id}-note` : undefined}
        onInput={(event) => actions.edit({ prompt: event.currentTarget.value }, true)}
      />
      <DropHint place="prompt">Drop to restore its settings</DropHint>
      <Fault id={`${id}-note`}>{fault}</Fault>
      {hint && (
        <p class="sd-hint" id={`${id}-note`}>
          {hint}
        </p>
      )}
    </div>
  );
}
