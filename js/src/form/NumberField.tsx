import { useLayoutEffect, useState } from "preact/hooks";

interface Props {
  id: string;
  label: string;
  /** NaN while the text is not a whole number; null when it is empty and may be. */
  value: number | null;
  onValue(value: number | null, typed: boolean): void;
  min?: number;
  max?: number;
  step?: number;
  optional?: boolean;
  placeholder?: string;
  title?: string;
  /** The id of the note that says what is wrong with it, where something is. */
  note?: string | false | null | undefined;
}

const written = (value: number | null) => (value === null || Number.isNaN(value) ? "" : `${value}`);

function parse(input: HTMLInputElement, optional: boolean): number | null {
  const text = input.value.trim();
  if (text === "") return optional && !input.validity.badInput ? null : Number.NaN;
  return /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** A number field that keeps half-typed text; the form gets NaN meanwhile. */
export function NumberField({ value, onValue, optional = false, ...props }: Props) {
  const [text, setText] = useState(written(value));
  const { note, label, ...rest } = props;
  // Before the next key: later it would undo what that has typed.
  useLayoutEffect(() => {
    if (!Number.isNaN(value)) setText(written(value));
  }, [value]);
  return (
    <input
      {...rest}
      class="sd-input"
      type="number"
      inputMode="numeric"
      aria-label={label}
      aria-invalid={!!note}
      aria-describedby={note || undefined}
      value={text}
      onInput={({ currentTarget }) => {
        setText(currentTarget.value);
        onValue(parse(currentTarget, optional), true);
      }}
    />
  );
}
