/** Sharp parts of a picture, asked for as they are looked at and held as Blob URLs. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, KernelGone, Refusal, TimedOut } from "../kernel/channel";
import { revoke } from "../kernel/page";
import { blobOf } from "../pictures/previews";
import { covers, type Part } from "./geometry";

/** How long the view must rest, in milliseconds, as a wheel sends many events. */
const STILL = 60;
const PATIENCE = 30_000;

export interface Sharp {
  url: string;
  part: Part;
}

async function fetchRegion(
  channel: Channel,
  target: string,
  part: Part,
  signal: AbortSignal,
): Promise<string | null> {
  const { left, top, width, height, density } = part;
  const reply = await channel.request(
    {
      kind: "region",
      target,
      left,
      top,
      width,
      height,
      to_width: Math.max(1, Math.round(width * density)),
      to_height: Math.max(1, Math.round(height * density)),
    },
    { quiet: true, limit: PATIENCE, signal },
  );
  const blob = blobOf(reply);
  if (!blob) return null;
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  // Drawn at once when it is put on the page, without a blink.
  await image.decode().catch(() => {});
  return url;
}

/**
 * The sharpest part of a picture that is there, and a sentence where there can't be one. `seen` has
 * to be covered; `wanted` is what is asked for, with a margin around it.
 */
export function useSharpPart(
  channel: Channel,
  target: string,
  seen: Part | null,
  wanted: Part | null,
): { sharp: Sharp | null; error: string } {
  const [sharp, setSharp] = useState<Sharp | null>(null);
  const [error, setError] = useState("");
  const held = useRef<Sharp | null>(null);
  const key = JSON.stringify(seen);

  // A picture has a layer of its own: this one's is held until the layer goes.
  useEffect(
    () => () => {
      revoke(held.current?.url);
      held.current = null;
    },
    [],
  );

  useEffect(() => {
    if (!seen || !wanted || (held.current && covers(held.current.part, seen))) return;
    const leaving = new AbortController();
    const load = async (): Promise<void> => {
      try {
        const url = await fetchRegion(channel, target, wanted, leaving.signal);
        if (leaving.signal.aborted) return revoke(url);
        const before = held.current;
        held.current = url ? { url, part: wanted } : null;
        setSharp(held.current);
        setError(url ? "" : "The kernel sent no picture.");
        revoke(before?.url);
      } catch (error) {
        if (error instanceof Refusal || error instanceof KernelGone) setError(error.message);
        else if (error instanceof TimedOut) return load();
      }
    };
    const timer = setTimeout(load, STILL);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [channel, target, key]);

  return { sharp, error };
}
