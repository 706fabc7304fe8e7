import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Link } from "../controls/buttons";
import { useAnnouncement } from "../controls/FieldError";
import { Note } from "../controls/Note";
import { askedFor, mentionAt } from "../files/mentions";
import { consume, hasCommand } from "../kernel/page";
import { useStore } from "../kernel/store";
import type { Reference } from "../kernel/wire";
import { Preview } from "../pictures/Preview";
import { edgeFor } from "../pictures/previews";
import { useSession } from "./session";

interface MentionChoice {
  reference: Reference;
  number: number;
}

/** Replace a part of the text as typing does, so that the browser's own undo brings it back. */
function insert(area: HTMLTextAreaElement, from: number, text: string) {
  area.focus();
  area.setSelectionRange(from, area.selectionEnd);
  if (document.execCommand("insertText", false, text)) return;
  area.setRangeText(text, from, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/** "@" in the prompt: offers the images to insert, and finds the one named at the caret. */
export function useMentions(area: RefObject<HTMLTextAreaElement | null>) {
  const { channel, lit, references } = useSession();
  const shown = useStore(references.shown);
  const [asked, setAsked] = useState<ReturnType<typeof askedFor>>(null);
  const [at, setAt] = useState(0);
  const choices: MentionChoice[] = asked
    ? shown
        .map((reference, index) => ({ reference, number: index + 1 }))
        .filter(({ reference, number }) =>
          `image${number} ${number} ${reference.name.toLowerCase()}`.includes(asked.word),
        )
    : [];
  const active = choices[Math.min(at, choices.length - 1)];
  const number = active?.number;
  const id = `${channel.view}-mentions`;
  useAnnouncement(active ? `${choices.length} to choose from: image ${number}` : null);
  useEffect(() => {
    if (number) lit.set(number);
  }, [lit, number]);

  /** The caret moved, or what is around it was typed; only typing opens the list. */
  function followCaret(typed: boolean) {
    const { current } = area;
    if (!current) return;
    const caret = current.selectionStart === current.selectionEnd ? current.selectionEnd : -1;
    const next = typed || asked ? askedFor(current.value, caret) : null;
    if (next?.word !== asked?.word || next?.from !== asked?.from) setAt(0);
    setAsked(next);
    if (!next) lit.set(mentionAt(current.value, caret));
  }

  function close() {
    setAsked(null);
    lit.set(0);
  }

  function choose({ number }: MentionChoice) {
    if (area.current && asked) insert(area.current, asked.from, `image ${number}`);
    setAsked(null);
    lit.set(number);
  }

  function onKeyDown(event: KeyboardEvent) {
    const plain = !(hasCommand(event) || event.altKey || event.isComposing);
    if (!active || !plain) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((choices.indexOf(active) + step + choices.length) % choices.length);
    else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) choose(active);
    else if (event.key === "Escape") close();
    else return;
    consume(event);
  }

  const list = active && (
    <div
      class="sd-model-list sd-mentions"
      role="listbox"
      id={id}
      aria-label="Reference images to name"
    >
      {choices.map((choice) => (
        <MentionOption
          key={choice.reference.id}
          id={`${id}-${choice.number}`}
          choice={choice}
          active={choice === active}
          onChoose={() => choose(choice)}
        />
      ))}
    </div>
  );
  return {
    list,
    followCaret,
    aria: {
      "aria-autocomplete": "list" as const,
      "aria-controls": active && id,
      "aria-activedescendant": active && `${id}-${active.number}`,
    },
    on: {
      onKeyDown,
      onKeyUp: () => followCaret(false),
      onClick: () => followCaret(false),
      onBlur: close,
    },
  };
}

interface OptionProps {
  id: string;
  choice: MentionChoice;
  active: boolean;
  onChoose(): void;
}

function MentionOption({ id, choice: { reference, number }, active, onChoose }: OptionProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the text area hears the keys
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      // A press keeps the caret where it is.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onChoose}
    >
      <Preview of={reference.id} edge={edgeFor(52)}>
        <span />
      </Preview>
      <b>{`image ${number}`}</b>
      <small>{reference.name}</small>
    </div>
  );
}

/** The images have another order now than when the prompt was written. */
export function RenumberNote() {
  const { actions, renumber } = useSession();
  const text = useStore(renumber);
  const words = "The images moved; the prompt names them by their old numbers.";
  useAnnouncement(text && words);
  if (!text) return null;
  return (
    <Note words={words}>
      <Link onClick={actions.renumber}>Renumber</Link>
      <Link onClick={actions.leaveNumbers}>Leave</Link>
    </Note>
  );
}
