import type { ComponentChildren } from "preact";
import { Scope } from "../kernel/scope";
import type { ViewerSession } from "../viewer/session";
import { Viewer } from "../viewer/Viewer";
import type { Announcer } from "./announcer";
import { KernelNotice, Said } from "./Notices";

interface Props {
  session: ViewerSession & { announcer: Announcer };
  /** Said where there is no kernel; see `KernelNotice`. */
  more?: string | undefined;
  children: ComponentChildren;
}

/** The page of a widget that has no form, with its viewer and what is read out. */
export const Alone = ({ session, more, children }: Props) => (
  <Scope value={session}>
    <KernelNotice {...session} more={more} />
    {children}
    <Viewer />
    <Said {...session} />
  </Scope>
);
