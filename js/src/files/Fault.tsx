import { useEffect } from "preact/hooks";
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

/** A fault as a sentence, tied to its field by `id`. */
export function Fault({ id, children }: { id?: string; children: string | null | undefined }) {
  useSaid(children);
  return children ? (
    <p class="sd-fault" id={id}>
      {children}
    </p>
  ) : null;
}
