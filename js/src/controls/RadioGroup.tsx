import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { hasCommand } from "../kernel/page";
import { Button } from "./buttons";
import { stepOf } from "./keys";

export interface RadioOption {
  value: string;
  label: string;
  content: ComponentChildren;
  /** Why it cannot be chosen. */
  refused?: string | undefined;
}

interface Props {
  label: string;
  class: string;
  optionClass: string;
  options: RadioOption[];
  value: string | null;
  describedBy?: string | undefined;
  onChange(value: string): void;
}

/** Radios as buttons: one stop for Tab, arrows move and choose. */
export function RadioGroup({ options, value, onChange, ...props }: Props) {
  const group = useRef<HTMLDivElement>(null);
  const open = options.filter((option) => !option.refused);
  const stop = open.find((option) => option.value === value) ?? open[0];

  function onKeyDown(event: KeyboardEvent) {
    const step = stepOf(event.key);
    if (step === undefined || event.altKey || hasCommand(event)) return;
    event.preventDefault();
    const focused = (event.target as HTMLElement).dataset.value;
    const at = open.findIndex((option) => option.value === focused);
    const next = open[(at + step + open.length) % open.length];
    if (!next) return;
    onChange(next.value);
    const buttons = group.current?.querySelectorAll<HTMLElement>("[data-value]") ?? [];
    [...buttons].find((button) => button.dataset.value === next.value)?.focus();
  }

  return (
    <div
      ref={group}
      class={props.class}
      role="radiogroup"
      aria-label={props.label}
      aria-describedby={props.describedBy}
      onKeyDown={onKeyDown}
    >
      {options.map((option) => (
        <Button
          key={option.value}
          role="radio"
          class={props.optionClass}
          data-value={option.value}
          aria-checked={option.value === value}
          aria-label={option.label}
          aria-disabled={!!option.refused}
          title={option.refused}
          tabIndex={option === stop ? 0 : -1}
          onClick={() => !option.refused && onChange(option.value)}
        >
          {option.content}
        </Button>
      ))}
    </div>
  );
}
