import { between } from "../kernel/numbers";

interface Props {
  label: string;
  /** From 0 to 1; null where nobody knows. */
  value: number | null;
}

export function Progress({ label, value }: Props) {
  const percent = value === null ? undefined : Math.round(100 * between(0, value, 1));
  const known = percent !== undefined;
  return (
    <span
      class={known ? "sd-track" : "sd-track sd-unknown"}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <i style={known ? { width: `${percent}%` } : undefined} />
    </span>
  );
}
