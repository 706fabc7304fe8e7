/** One file on its way to the kernel: chunks of 1 MiB or less, go-back-N, and questions instead of resends. */
import { type Channel, KernelGone, Refusal, type Reply, TimedOut } from "../kernel/channel";
import { read } from "../kernel/parse";
import { receivedReply } from "../kernel/wire";
import type { Enter } from "./room";

export const CHUNK = 1024 * 1024;
export const LEAST_CHUNK = 64 * 1024;
/** Most chunks unanswered, of all files together: 8 MiB, as the wire stands still while it is full. */
export const WINDOW = 8;
const SILENCE = 5000;

export interface Transfer {
  channel: Channel;
  uploadId: string;
  file: Blob & { readonly name: string };
  signal: AbortSignal;
  /** The receipt inside is to set the form. */
  restores?: boolean;
  onProgress(received: number): void;
}

const nonsense = (name: string) =>
  new Refusal(`The kernel lost count of ${name}. Remove it and drop it again.`);

const stuck = (name: string) =>
  new Refusal(`${name} does not get through to the kernel. Set studio.references in a cell.`);

/** The kernel's word on how much it has; anything else than a number up to `most` is a fault. */
function receivedOf({ result }: Reply, { file }: Transfer, most: number): number {
  const received = read(receivedReply, result)?.received ?? -1;
  if (received < 0 || received > most) throw nonsense(file.name);
  return received;
}

/** How one file gets along with the others. */
export interface Way {
  /** All files of a view share it. */
  window: Enter;
  /** Resolves when the files before are there: the kernel takes them as they become whole. */
  before: Promise<unknown>;
  /** Every byte has been sent, though not yet received. */
  onSent(): void;
}

/** Tell the kernel what comes; resolves with where to go on. */
export async function announce(job: Transfer): Promise<number> {
  const { channel, uploadId, file, signal } = job;
  const answer = await channel.request(
    {
      kind: "upload",
      upload_id: uploadId,
      name: file.name,
      size: file.size,
      media_type: file.type,
      ...(job.restores && { purpose: "restore" }),
    },
    { signal },
  );
  return receivedOf(answer, job, file.size);
}

/** Send an announced file from `received` on; resolves when the kernel has every byte. */
export async function transfer(job: Transfer, received: number, way: Way): Promise<void> {
  const { channel, uploadId, file, signal } = job;
  let chunk = CHUNK;
  while (received < file.size) {
    job.onProgress(received);
    const lost = await stream(job, way, received, chunk);
    if (!lost) break;
    // One question at a time, however long: blind resends would only fill a busy kernel's queue.
    const answer = await channel.request({ kind: "probe", upload_id: uploadId }, { signal });
    const before = received;
    received = receivedOf(answer, job, file.size);
    if (received > before) continue;
    // The kernel answers and yet nothing came: the host may have a lower limit for a message.
    if (chunk === LEAST_CHUNK) throw stuck(file.name);
    chunk /= 2;
  }
  job.onProgress(file.size);
}

/** Send from `start` on, in parts of `chunk` bytes, until all is received (false) or answers stay away (true). */
function stream(job: Transfer, way: Way, start: number, chunk: number): Promise<boolean> {
  const { channel, uploadId, file } = job;
  const run = new AbortController();
  const { signal } = run;
  let received = start;
  let next = start;
  let flying = 0;
  let reading = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const mayGoOn = () => !signal.aborted && next < file.size && next - received < WINDOW * chunk;

  return new Promise<boolean>((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      run.abort();
      settle();
    };
    const fail = (error: unknown) => {
      if (!signal.aborted) finish(() => reject(error));
    };
    /** Only a chunk under way can be missed. */
    function watch() {
      clearTimeout(timer);
      if (flying > 0) timer = setTimeout(() => finish(() => resolve(true)), SILENCE);
    }

    async function answered(reply: Promise<Reply>, leave: () => void) {
      const value = receivedOf(await reply, job, next);
      leave();
      flying -= 1;
      received = Math.max(received, value);
      job.onProgress(received);
      watch();
      if (received >= file.size) return finish(() => resolve(false));
      // All were answered and yet some are missing: a chunk was dropped on the way.
      if (flying === 0 && received < next) next = received;
      await pump();
    }

    async function send(leave: () => void) {
      const offset = next;
      next = Math.min(file.size, offset + chunk);
      flying += 1;
      signal.addEventListener("abort", leave, { once: true });
      const bytes = new Uint8Array(await file.slice(offset, next).arrayBuffer());
      if (signal.aborted) return;
      const message = { kind: "chunk", upload_id: uploadId, offset } as const;
      const reply = channel.request(message, { buffers: [bytes], signal, quiet: true });
      answered(reply, leave).catch(fail);
      watch();
    }

    async function pump() {
      if (reading) return;
      reading = true;
      while (mayGoOn()) {
        if (next + chunk >= file.size) await way.before;
        const leave = await way.window(signal);
        // Answers that came meanwhile may have changed where to go on.
        if (mayGoOn()) await send(leave);
        else leave();
        if (next === file.size) way.onSent();
      }
      reading = false;
    }

    job.signal.addEventListener("abort", () => fail(job.signal.reason), { once: true });
    pump().catch(fail);
  });
}

export const isExpected = (error: unknown): error is Error =>
  error instanceof Refusal || error instanceof KernelGone || error instanceof TimedOut;
