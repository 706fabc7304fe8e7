/** Buttons as they look everywhere; none of them submits a form. */
import type { ButtonHTMLAttributes } from "preact";

/** Room that pushes what follows to the end of a line. */
export const Grow = () => <span class="sd-grow" />;

type Props = ButtonHTMLAttributes<HTMLButtonElement>;

const buttonOf = (look?: string) => (props: Props) => (
  <button type="button" class={look} {...props} />
);

/** One that its place gives a look. */
export const Button = buttonOf();
/** Words to press within a line. */
export const Link = buttonOf("sd-link");
/** A small button with an edge, of a bar. */
export const Chip = buttonOf("sd-chip");
/** One with an icon alone: it needs an `aria-label`. */
export const IconButton = buttonOf("sd-icon-button");
