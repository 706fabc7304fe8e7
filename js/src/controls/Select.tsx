/** A value, and the words that stand for it. */
export type SelectOption = readonly [value: string | number, words: string | undefined];

interface Props {
  value: string | number;
  options: readonly SelectOption[];
  onPick(value: string): void;
  disabled?: boolean;
  title?: string;
  "aria-label"?: string;
}

/** A choice of one of several values, as a native select element. */
export const Select = ({ options, onPick, ...rest }: Props) => (
  <select class="sd-select" {...rest} onChange={({ currentTarget }) => onPick(currentTarget.value)}>
    {options.map(([value, words]) => (
      <option key={value} value={value}>
        {words}
      </option>
    ))}
  </select>
);
