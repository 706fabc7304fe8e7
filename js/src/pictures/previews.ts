/** Previews of the kernel's images, requested by id, a few at a time, and kept as Blob URLs. */

import { exactBytes } from "../kernel/bytes";
import { type Channel, KernelGone, Refusal, type Reply } from "../kernel/channel";
import { atEnd, revoke } from "../kernel/page";
import { read } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import { previewReply } from "../kernel/wire";

const MAX_IN_FLIGHT = 4;
const PATIENCE = 10_000;
const ATTEMPTS = 5;
export const EDGES = [256, 512, 768] as const;

/** The smallest edge that looks sharp at `pixels` CSS pixels. */
export function edgeFor(pixels: number, ratio = devicePixelRatio): number {
  return EDGES.find((edge) => edge >= pixels * ratio * 0.9) ?? 768;
}

/** The picture that came; only those that an <img> draws: others could be opened by their URL. */
export function blobOf({ result, buffers }: Reply): Blob | null {
  const type = read(previewReply, result)?.media_type ?? "";
  const [bytes] = buffers;
  return bytes && /^image\/(webp|png|jpeg)$/.test(type)
    ? new Blob([exactBytes(bytes)], { type })
    : null;
}

interface Entry {
  url: Store<string | null>;
  users: number;
  wanted: number;
  loaded: number;
  busy: boolean;
}

export interface Previews {
  /** Keep a preview of an image or reference; returns a function that releases it. */
  hold(target: string): () => void;
  ask(target: string, edge: number): void;
  /** Show this Blob URL until the first preview is there; to revoke it falls to this side. */
  adopt(target: string, url: string): void;
  url(target: string): Store<string | null>;
}

export function createPreviews(channel: Channel, ended: AbortSignal): Previews {
  const entries = new Map<string, Entry>();
  const queue: string[] = [];
  let inFlight = 0;

  function entryOf(target: string): Entry {
    let entry = entries.get(target);
    if (!entry) {
      entry = {
        url: createStore<string | null>(null),
        users: 0,
        wanted: 0,
        loaded: 0,
        busy: false,
      };
      entries.set(target, entry);
    }
    return entry;
  }

  async function load(target: string, edge: number): Promise<Blob | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        const reply = await channel.request(
          { kind: "preview", target, edge },
          { quiet: true, limit: PATIENCE * 2 ** attempt },
        );
        return blobOf(reply);
      } catch (error) {
        if (error instanceof Refusal || error instanceof KernelGone || ended.aborted) return null;
      }
    }
    return null;
  }

  async function fetchOne(target: string, entry: Entry) {
    const edge = entry.wanted;
    entry.busy = true;
    const blob = await load(target, edge);
    entry.busy = false;
    entry.loaded = edge;
    if (!blob || ended.aborted || entries.get(target) !== entry) return;
    const before = entry.url.get();
    entry.url.set(URL.createObjectURL(blob));
    revoke(before);
    if (entry.wanted > edge) queue.push(target);
  }

  function pump() {
    while (inFlight < MAX_IN_FLIGHT && queue.length > 0) {
      const target = queue.shift() as string;
      const entry = entries.get(target);
      if (!entry || entry.busy || entry.wanted <= entry.loaded) continue;
      inFlight += 1;
      void fetchOne(target, entry).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
  }

  function drop(target: string) {
    const entry = entries.get(target);
    if (!entry || --entry.users > 0) return;
    entries.delete(target);
    revoke(entry.url.get());
  }

  atEnd(ended, () => {
    for (const { url } of entries.values()) revoke(url.get());
    entries.clear();
    queue.length = 0;
  });

  return {
    hold(target) {
      entryOf(target).users += 1;
      return () => drop(target);
    },
    ask(target, edge) {
      const entry = entryOf(target);
      if (edge <= entry.wanted) return;
      entry.wanted = edge;
      queue.push(target);
      pump();
    },
    adopt(target, url) {
      const { url: shown } = entryOf(target);
      if (shown.get()) revoke(url);
      else shown.set(url);
    },
    url: (target) => entryOf(target).url,
  };
}
