import type { ComponentChildren } from "preact";
import { SessionProvider } from "../kernel/session";
import type { ViewerSession } from "../viewer/session";
import { Viewer } from "../viewer/Viewer";
import type { Announcer } from "./announcer";
import { KernelNotice, LiveRegion } from "./Notices";

interface Props {
  session: ViewerSession & { announcer: Announcer };
  /** Said where there is no kernel; see `KernelNotice`. */
  more?: string | undefined;
  children: ComponentChildren;
}

/** The page of a widget that has no form, with its viewer and what is read out. */
export const StandalonePage = ({ session, more, children }: Props) => (
  <SessionProvider value={session}>
    <KernelNotice {...session} more={more} />
    {children}
    <Viewer />
    <LiveRegion {...session} />
  </SessionProvider>
);
