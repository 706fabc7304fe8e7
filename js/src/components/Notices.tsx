import { GONE } from "../channel";
import type { DropPlace } from "../drops";
import { useSession } from "../session";
import { useStore } from "../store";

/** The one live region: said once, never drawn. */
export function Announcer() {
  const line = useStore(useSession().announcer.line);
  return (
    <p class="sd-hidden" role="status" aria-live="polite">
      {line}
    </p>
  );
}

export function KernelNotice() {
  const { gone } = useStore(useSession().channel.state);
  return gone ? (
    <p class="sd-banner" role="alert">
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
  return children ? (
    <p class="sd-fault" id={id}>
      {children}
    </p>
  ) : null;
}
