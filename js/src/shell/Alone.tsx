import type { ComponentChildren } from "preact";
import { Scope } from "../kernel/scope";
import type { ViewerSession } from "../viewer/session";
import { Viewer } from "../viewer/Viewer";
import type { Announcer } from "./announcer";
import { KernelNotice, Said } from "./Notices";

interface Props {
  session: ViewerSession & { announcer: Announcer };
  children: ComponentChildren;
}

/** The page of a widget that has no form, with its viewer and what is read out. */
export const Alone = ({ session, children }: Props) => (
  <Scope value={session}>
    <KernelNotice {...session} bills={false} />
    {children}
    <Viewer />
    <Said {...session} />
  </Scope>
);
