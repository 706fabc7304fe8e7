/** Times as a card shows them. */
import { useEffect, useState } from "preact/hooks";

const SECOND = 1000;

/** Running: m:ss, so that the line keeps its width. */
export function formatElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / SECOND));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Done: tenths of a second up to a minute. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / SECOND);
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : formatElapsed(milliseconds);
}

/** The page's clock, ticking each second while `running`. */
export function useNow(running: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), SECOND);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
