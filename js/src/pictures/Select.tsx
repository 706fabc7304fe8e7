interface Props {
  value: string;
  /** The values, each with the words that stand for it. */
  options: readonly (readonly [value: string, words: string | undefined])[];
  onPick(value: string): void;
  disabled?: boolean;
  title?: string;
  "aria-label"?: string;
}

/** One of several values, by the browser's own list. */
export const Select = ({ options, onPick, ...rest }: Props) => (
  <select class="sd-select" {...rest} onChange={({ currentTarget }) => onPick(currentTarget.value)}>
    {options.map(([value, words]) => (
      <option key={value} value={value}>
        {words}
      </option>
    ))}
  </select>
);
