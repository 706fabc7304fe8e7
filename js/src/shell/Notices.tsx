import { useMemo } from "preact/hooks";
import { type Channel, GONE, SILENT } from "../kernel/channel";
import { useStore } from "../kernel/store";
import type { Announcer } from "./announcer";

/** The one live region: said once, never drawn. */
export function Said({ announcer }: { announcer: Announcer }) {
  return (
    <div class="sd-hidden" role="status" aria-live="polite" aria-atomic="false">
      {useStore(announcer.lines).map((line) => (
        <p key={line}>{line.words}</p>
      ))}
    </div>
  );
}

/** What is kept while there is no kernel, and how to have it back. */
const keptBy = (bills: boolean) =>
  bills
    ? "Results are in your library; fal goes on with what was sent. After running the cell, press Fetch."
    : "Results are in your library.";

interface Props {
  announcer: Announcer;
  channel: Channel;
  /** Whether what was sent may go on, and cost. */
  bills: boolean;
}

export function KernelNotice({ announcer, channel, bills }: Props) {
  const { gone, silent } = useStore(channel.state);
  const news = gone ? GONE : silent ? SILENT : "";
  const heard = useMemo(() => news && announcer.claim(news), [announcer, news]);
  if (!news) return null;
  return (
    <p class={gone ? "sd-banner" : "sd-banner sd-warn"} role={heard ? "alert" : undefined}>
      {gone
        ? `${GONE} ${keptBy(bills)}`
        : `${SILENT}: no word for 15 seconds. If it is busy, all goes on by itself. If it is gone, restart it and run the cell again. ${keptBy(bills)}`}
    </p>
  );
}
