import type { ComponentChildren, HTMLAttributes } from "preact";

interface Props extends HTMLAttributes<HTMLParagraphElement> {
  /** "sd-calm" by default; "" for an error. */
  class?: string;
  words: ComponentChildren;
}

/** A line of text about the current state, with buttons or links to change it. */
export const Note = ({ words, children, class: look = "sd-calm", ...rest }: Props) => (
  <p class={`sd-note ${look}`} {...rest}>
    <span class="sd-grow">{words}</span>
    {children}
  </p>
);
