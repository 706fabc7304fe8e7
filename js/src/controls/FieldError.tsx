import { useEffect } from "preact/hooks";
import { useSession } from "./session";

const REST = 500;

/** Announce an error only once typing rests, as half-typed numbers cause one at each key. */
export function useAnnouncement(error: string | null | undefined) {
  const { announcer } = useSession();
  useEffect(() => {
    if (!error) return;
    const timer = setTimeout(announcer.say, REST, error);
    return () => clearTimeout(timer);
  }, [announcer, error]);
}

/** An error as a sentence, tied to its field by `id`. */
export function FieldError({ id, children }: { id?: string; children: string | null | undefined }) {
  useAnnouncement(children);
  return children ? (
    <p class="sd-error" id={id}>
      {children}
    </p>
  ) : null;
}
