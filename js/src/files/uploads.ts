/** Files dropped, pasted or chosen: which are accepted, and their progress. */

import { formatBytes } from "../kernel/bytes";
import type { Channel } from "../kernel/channel";
import { atEnd, revoke } from "../kernel/page";
import { createStore, type Store } from "../kernel/store";
import type { Notice } from "../kernel/wire";
import type { Previews } from "../pictures/previews";
import { IMAGE_NAME } from "./addresses";
import { noRoom } from "./references";
import { createSender } from "./sending";
import { isExpected } from "./transfer";

export interface Limits {
  /** The most bytes of one file; 0 if unknown. */
  upload_bytes: number;
  references: number;
}

export interface UploadTile {
  id: string;
  name: string;
  size: number;
  received: number;
  phase: "waiting" | "sending" | "reading" | "failed";
  error: string | null;
  /** Blob URL of the file itself, for the tile; null where the page had better not decode it. */
  picture: string | null;
  /** Set where the file is to restore the form: its error belongs there, and no tile is shown. */
  onError?: ((error: string) => void) | undefined;
}

export interface Uploads {
  readonly tiles: Store<UploadTile[]>;
  /** Accept what can be accepted; returns a sentence about the rest, or null. */
  add(files: File[], onError?: UploadTile["onError"]): string | null;
  remove(id: string): void;
}

const PICTURE_BYTES = 12 * 1024 * 1024;
const READING_PATIENCE = 10_000;
const READING_ROUNDS = 6;
const PROGRESS_INTERVAL = 100;

export const isImageFile = (file: File): boolean =>
  file.type ? file.type.startsWith("image/") : IMAGE_NAME.test(file.name);

const TURNS_TEXT = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The same file; a bidi control in its name would turn the words around it. */
function renamed(file: File): File {
  const name = file.name.replace(TURNS_TEXT, "_");
  return name === file.name ? file : new File([file], name, { type: file.type });
}

export const isActive = ({ phase }: UploadTile): boolean => phase !== "failed";

function noImages([first, ...more]: string[]): string {
  const which =
    more.length > 0
      ? `${first} and ${more.length} more are not images`
      : `${first} is not an image`;
  return `${which}; drop PNG, JPEG or WebP files.`;
}

interface PendingFile {
  file: File;
  stop: AbortController;
  decoded: (error: string | null) => void;
}

export function createUploads(
  channel: Channel,
  facts: Store<{ limits: Limits }>,
  references: () => number,
  previews: Pick<Previews, "adopt">,
  ended: AbortSignal,
): Uploads {
  const tiles = createStore<UploadTile[]>([]);
  const waiting = new Map<string, PendingFile>();
  let count = 0;
  const sendInTurn = createSender();

  const tileOf = (id: string) => tiles.get().find((tile) => tile.id === id);

  const patch = (id: string, change: Partial<UploadTile>) =>
    tiles.set(tiles.get().map((tile) => (tile.id === id ? { ...tile, ...change } : tile)));

  function forget(id: string) {
    revoke(tileOf(id)?.picture);
    tiles.set(tiles.get().filter((entry) => entry.id !== id));
    waiting.delete(id);
  }

  /** The reference shows what its tile showed, until its preview is there. */
  function handOver(id: string, reference: string) {
    const picture = tileOf(id)?.picture;
    if (!picture) return;
    patch(id, { picture: null });
    previews.adopt(reference, picture);
  }

  /** Why a file is refused before a byte is sent. */
  function refusal(file: File): string | null {
    const { upload_bytes: limit } = facts.get().limits;
    if (file.size === 0) return `${file.name} is empty.`;
    if (limit > 0 && file.size > limit) {
      return `${file.name} has ${formatBytes(file.size)}; at most ${formatBytes(limit)} can be uploaded.`;
    }
    return null;
  }

  function fail(id: string, error: string) {
    const onError = tileOf(id)?.onError;
    if (onError) forget(id);
    else patch(id, { phase: "failed", error });
    onError?.(error);
  }

  function addTile(file: File, onError: UploadTile["onError"]) {
    count += 1;
    const id = `${channel.view}-u${count}`;
    const { name, size } = file;
    const error = refusal(file);
    const picture = error || size > PICTURE_BYTES ? null : URL.createObjectURL(file);
    const tile = { id, name, size, received: 0, error: null, picture, onError };
    tiles.set([...tiles.get(), { ...tile, phase: "waiting" }]);
    if (error) fail(id, error);
    else void run(id, file, Boolean(onError));
  }

  function add(given: File[], onError?: UploadTile["onError"]): string | null {
    const files = given.map(renamed);
    const most = facts.get().limits.references;
    const room = onError ? 1 : most - references() - tiles.get().filter(isActive).length;
    const images = files.filter(isImageFile);
    const others = files.filter((file) => !isImageFile(file));
    for (const file of images.slice(0, Math.max(0, room))) addTile(file, onError);
    if (!onError && images.length > room) {
      return room <= 0 ? noRoom(most) : noRoom(most, `the last ${images.length - room} stayed out`);
    }
    return others.length > 0 ? noImages(others.map(({ name }) => name)) : null;
  }

  /** `uploaded` may be lost in an output flood: the kernel says it again when asked. */
  async function watchReading(id: string, entry: PendingFile) {
    const { signal } = entry.stop;
    for (let round = 0; round < READING_ROUNDS; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, READING_PATIENCE));
      if (signal.aborted || waiting.get(id) !== entry) return;
      try {
        await channel.request({ kind: "probe", upload_id: id }, { signal, quiet: true });
      } catch (error) {
        return entry.decoded(isExpected(error) ? error.message : null);
      }
    }
    entry.decoded(
      `The kernel did not answer about ${entry.file.name}. Remove it and drop it again.`,
    );
  }

  function send(id: string, entry: PendingFile, restores: boolean): Promise<void> {
    const decoded = new Promise<string | null>((resolve) => {
      entry.decoded = resolve;
      atEnd(entry.stop.signal, () => resolve(null));
    });
    let shown = 0;
    return sendInTurn({
      channel,
      uploadId: id,
      file: entry.file,
      signal: entry.stop.signal,
      restores,
      onStart: () => patch(id, { phase: "sending" }),
      onProgress(received) {
        if (Date.now() - shown < PROGRESS_INTERVAL) return;
        shown = Date.now();
        patch(id, { received });
      },
      async checked() {
        patch(id, { phase: "reading" });
        void watchReading(id, entry);
        const error = await decoded;
        if (error) throw new Error(error);
      },
    });
  }

  async function run(id: string, file: File, restores: boolean) {
    const entry: PendingFile = { file, stop: new AbortController(), decoded: () => {} };
    waiting.set(id, entry);
    try {
      await send(id, entry, restores);
      forget(id);
    } catch (error) {
      waiting.delete(id);
      const message = error instanceof Error ? error.message : String(error);
      if (!entry.stop.signal.aborted) fail(id, message);
    }
  }

  function remove(id: string) {
    const entry = waiting.get(id);
    forget(id);
    entry?.stop.abort();
    // It may be announced already.
    if (entry) channel.request({ kind: "abandon", upload_id: id }, { quiet: true }).catch(() => {});
  }

  channel.listen((notice: Notice) => {
    if (!("upload_id" in notice)) return;
    if (notice.kind === "uploaded") handOver(notice.upload_id, notice.reference.id);
    const error = notice.kind === "upload_failed" ? notice.message : null;
    waiting.get(notice.upload_id)?.decoded(error);
  });
  atEnd(ended, () => {
    for (const { stop } of waiting.values()) stop.abort();
    for (const { picture } of tiles.get()) revoke(picture);
  });
  return { tiles, add, remove };
}
