import { useState } from "preact/hooks";

/** Runs one action at a time, and tells whether one is running. */
export function useBusy(doing: () => Promise<unknown>): [boolean, () => void] {
  const [busy, setBusy] = useState(false);
  const press = () => {
    if (busy) return;
    setBusy(true);
    void doing().finally(() => setBusy(false));
  };
  return [busy, press];
}
