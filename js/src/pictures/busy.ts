import { useState } from "preact/hooks";

/** Whether something is being done, and a press that does it, one at a time. */
export function useBusy(doing: () => Promise<unknown>): [boolean, () => void] {
  const [busy, setBusy] = useState(false);
  const press = () => {
    if (busy) return;
    setBusy(true);
    void doing().finally(() => setBusy(false));
  };
  return [busy, press];
}
