import { clamp } from "../kernel/numbers";

interface Props {
  label: string;
  /** From 0 to 1; null if unknown. */
  value: number | null;
}

export function Progress({ label, value }: Props) {
  const percent = value === null ? undefined : Math.round(100 * clamp(0, value, 1));
  return (
    <span class="sd-track" role="progressbar" aria-label={label} aria-valuenow={percent}>
      <i style={{ width: value === null ? "" : `${percent}%` }} />
    </span>
  );
}
