import { useMemo } from "preact/hooks";
import { type Channel, GONE, SILENT } from "../kernel/channel";
import { useStore } from "../kernel/store";
import type { Announcer } from "./announcer";

/** The only live region: announced, but not visible. */
export function LiveRegion({ announcer }: { announcer: Announcer }) {
  return (
    <div class="sd-hidden" role="status" aria-live="polite" aria-atomic="false">
      {useStore(announcer.lines).map((line) => (
        <p key={line}>{line.words}</p>
      ))}
    </div>
  );
}

interface Props {
  announcer: Announcer;
  channel: Channel;
  /** What goes on while there is no kernel, and how to have it. */
  more?: string | undefined;
}

export function KernelNotice({ announcer, channel, more = "." }: Props) {
  const { gone, silent } = useStore(channel.state);
  const news = gone ? GONE : silent ? SILENT : "";
  const heard = useMemo(() => news && announcer.claim(news), [announcer, news]);
  if (!news) return null;
  const kept = `Results are in your library${more}`;
  return (
    <p class={gone ? "sd-banner" : "sd-banner sd-warn"} role={heard ? "alert" : undefined}>
      {gone
        ? `${GONE} ${kept}`
        : `${SILENT}: no answer for 15 seconds. If busy, it goes on by itself. If gone, restart it and run the cell again. ${kept}`}
    </p>
  );
}
