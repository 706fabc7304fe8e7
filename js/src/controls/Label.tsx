import type { ComponentChildren } from "preact";

interface Props {
  name: string;
  /** The id of the field it names; a group has a name of its own. */
  of?: string;
  children?: ComponentChildren;
}

/** The label above a field, with its current value at the right. */
export const Label = ({ name, of, children }: Props) => (
  <div class="sd-label">
    {of ? <label for={of}>{name}</label> : <span>{name}</span>}
    {children && <span>{children}</span>}
  </div>
);
