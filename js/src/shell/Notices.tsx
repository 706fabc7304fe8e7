import { useEffect, useMemo } from "preact/hooks";
import type { DropPlace } from "../files/drops";
import { GONE } from "../kernel/channel";
import { useStore } from "../kernel/store";
import { useSession } from "./session";

const REST = 500;

/** Say a fault once it rests: a number half typed has one for each key. */
export function useSaid(fault: string | null | undefined) {
  const { announcer } = useSession();
  useEffect(() => {
    if (!fault) return;
    const timer = setTimeout(announcer.say, REST, fault);
    return () => clearTimeout(timer);
  }, [announcer, fault]);
}

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

/** What a drop would do here, while files hang over the widget. */
export function DropHint({ place, children }: { place: DropPlace; children: string }) {
  const over = useStore(useSession().dropping);
  if (over === "shut") {
    return place === "references" ? <div class="sd-drop">Hold Shift to drop here</div> : null;
  }
  return over ? <div class={over === place ? "sd-drop sd-over" : "sd-drop"}>{children}</div> : null;
}

/** A fault as a sentence, tied to its field by `id`. */
export function Fault({ id, children }: { id?: string; children: string | null | undefined }) {
  useSaid(children);
  return children ? (
    <p class="sd-fault" id={id}>
      {children}
    </p>
  ) : null;
}
