/** The shared buttons; none of them submits a form. */
import type { ButtonHTMLAttributes } from "preact";

/** Room that pushes what follows to the end of a line. */
export const Grow = () => <span class="sd-grow" />;

type Props = ButtonHTMLAttributes<HTMLButtonElement>;

const buttonOf = (look?: string) => (props: Props) => (
  <button type="button" class={look} {...props} />
);

/** A button without a style of its own. */
export const Button = buttonOf();
/** A button that looks like a link within text. */
export const Link = buttonOf("sd-link");
/** A small button with an edge, of a bar. */
export const Chip = buttonOf("sd-chip");
/** A button with only an icon: it needs an `aria-label`. */
export const IconButton = buttonOf("sd-icon-button");
