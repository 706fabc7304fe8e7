import { useMemo } from "preact/hooks";
import { GONE } from "../kernel/channel";
import { useStore } from "../kernel/store";
import { useSession } from "./session";

/** The one live region: said once, never drawn. */
export function Announcer() {
  const line = useStore(useSession().announcer.line);
  return (
    <p class="sd-hidden" role="status" aria-live="polite">
      <span key={line}>{line.words}</span>
    </p>
  );
}

export function KernelNotice() {
  const { announcer, channel } = useSession();
  const { gone } = useStore(channel.state);
  const heard = useMemo(() => gone && announcer.claim(GONE), [announcer, gone]);
  return gone ? (
    <p class="sd-banner" role={heard ? "alert" : undefined}>
      {GONE}
    </p>
  ) : null;
}
