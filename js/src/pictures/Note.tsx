import type { ComponentChildren, HTMLAttributes } from "preact";

interface Props extends HTMLAttributes<HTMLParagraphElement> {
  /** "sd-calm" by default; "" for an error. */
  class?: string;
  words: ComponentChildren;
}

/** A line on how things stand, and beside it what can be done about it. */
export const Note = ({ words, children, class: look = "sd-calm", ...rest }: Props) => (
  <p class={`sd-note ${look}`} {...rest}>
    <span class="sd-grow">{words}</span>
    {children}
  </p>
);
