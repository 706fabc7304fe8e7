import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Link } from "../controls/buttons";
import { FieldError, useAnnouncement } from "../controls/FieldError";
import { Label } from "../controls/Label";
import { useMeasure } from "../controls/measure";
import { Note } from "../controls/Note";
import { DropHint } from "../files/DropHint";
import { activeIn, focusOn, rootOf } from "../kernel/page";
import { useStore } from "../kernel/store";
import { mentionHint } from "./checks";
import { RenumberNote, useMentions } from "./Mentions";
import { regionOf } from "./region";
import { useSession } from "./session";

const LINES = 12;

/** Replace the whole text as typing does, so that the browser's own undo brings it back. */
function replaceText(area: HTMLTextAreaElement, text: string) {
  const active = activeIn(area) as HTMLElement | null;
  // A change from outside must not take the focus.
  if (area.value && active && rootOf(active)?.contains(area)) {
    focusOn(area);
    area.select();
    document.execCommand(text ? "insertText" : "delete", false, text);
    if (active !== area) focusOn(active);
  }
  if (area.value !== text) area.value = text;
}

/** The text area is uncontrolled: setting its value would clear the browser's undo history. */
function useUncontrolledText(area: RefObject<HTMLTextAreaElement | null>, text: string) {
  const { actions } = useSession();
  const replacing = useRef(false);
  useLayoutEffect(() => {
    if (!area.current || area.current.value === text) return;
    replacing.current = true;
    replaceText(area.current, text);
    replacing.current = false;
  }, [area, text]);
  return ({ currentTarget }: { currentTarget: HTMLTextAreaElement }) => {
    if (!replacing.current) actions.edit({ prompt: currentTarget.value }, true);
  };
}

/** Grow with the text, so that a prompt is read whole; a drag of the corner still wins. */
function useAutoGrow(area: RefObject<HTMLTextAreaElement | null>, text: string) {
  const [width, setWidth] = useState(0);
  // Some hosts draw before they attach, and all can change the width. A frame later, as a height
  // that changes within the observer's own turn is reported as an error.
  useMeasure(area, () => requestAnimationFrame(() => setWidth(area.current?.offsetWidth ?? 0)));
  useLayoutEffect(() => {
    const { current } = area;
    if (!current) return;
    current.style.height = "auto";
    const line = Number.parseFloat(getComputedStyle(current).lineHeight) || 19;
    const height = Math.min(current.scrollHeight + 2, line * LINES + 16);
    // 0 where nothing is laid out yet.
    if (current.scrollHeight > 0) current.style.height = `${height}px`;
  }, [area, text, width]);
}

/** The form was filled with something else; Undo restores what it held. */
function ReplacedNote() {
  const { actions, before } = useSession();
  if (!useStore(before)) return null;
  return (
    <Note words="This replaced what was in the form.">
      <Link onClick={actions.undo}>Undo</Link>
    </Note>
  );
}

/** Shows that only a part of image 1 will change. */
function RegionNote() {
  const { actions, references, region } = useSession();
  const ids = useStore(references.shown).map(({ id }) => id);
  const marked = regionOf(useStore(region), ids);
  if (!marked) return null;
  const [left, top, right, bottom] = marked.mask;
  const what = Array.isArray(left)
    ? "Only what you painted on image 1 changes"
    : `Only a region of image 1 changes: ${left}, ${top} to ${right}, ${bottom}`;
  return (
    <Note words={`${what}. The answer is put in there; all other pixels stay as they are.`}>
      <Link onClick={actions.clearRegion}>Clear</Link>
    </Note>
  );
}

export function PromptField({ references }: { references: number }) {
  const { channel, form, errors, uploads } = useSession();
  const { prompt } = useStore(form.values);
  const error = useStore(errors.all).prompt;
  const area = useRef<HTMLTextAreaElement>(null);
  const onTextInput = useUncontrolledText(area, prompt);
  const { list, followCaret, aria, on } = useMentions(area);
  useAutoGrow(area, prompt);
  const id = `${channel.view}-prompt`;
  const restoring = useStore(uploads.tiles).find((tile) => tile.onError);
  const warning = error || restoring ? null : mentionHint(prompt, references);
  useAnnouncement(warning);
  return (
    <div class="sd-field sd-prompt-field">
      <Label of={id} name="Prompt">
        <span aria-hidden="true">{[...prompt].length || ""}</span>
      </Label>
      <div class="sd-prompt-box">
        <textarea
          id={id}
          ref={area}
          class="sd-input sd-prompt"
          rows={4}
          placeholder={
            references > 0
              ? "Say what to change. Type @ to name the images: dress image 1 in the coat of image 2"
              : "Describe the picture. Put words to be written in “double quotes”"
          }
          aria-invalid={!!error}
          aria-describedby={error || restoring || warning ? `${id}-note` : undefined}
          {...aria}
          {...on}
          onInput={(event) => {
            onTextInput(event);
            followCaret(true);
          }}
        />
        {list}
      </div>
      <DropHint place="prompt">Drop to restore its settings</DropHint>
      <FieldError id={`${id}-note`}>{error}</FieldError>
      {restoring && !error && (
        <p class="sd-hint" id={`${id}-note`}>
          {`Reading ${restoring.name}`}
        </p>
      )}
      {warning && <Note class="sd-warn" id={`${id}-note`} words={warning} />}
      <RegionNote />
      <ReplacedNote />
      <RenumberNote />
    </div>
  );
}
