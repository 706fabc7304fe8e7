/** Sends one file to the kernel: three chunks at a time, and asks if an answer does not come. */
import { type Channel, KernelGone, Refusal, type Reply, TimedOut } from "../kernel/channel";
import { read } from "../kernel/parse";
import { receivedReply } from "../kernel/wire";

export const CHUNK = 1024 * 1024;
export const LEAST_CHUNK = 64 * 1024;
/** More would hardly be faster, and would delay clicks. */
export const MAX_IN_FLIGHT = 3;
const SILENCE = 5000;

export interface Transfer {
  channel: Channel;
  uploadId: string;
  file: Blob & { readonly name: string };
  signal: AbortSignal;
  /** The receipt inside is to set the form. */
  restores?: boolean;
  /** The kernel takes it: its bytes are next. */
  onStart?(): void;
  onProgress(received: number): void;
}

const lostCount = (name: string) =>
  new Refusal(`The kernel lost count of ${name}. Remove it and drop it again.`);

const cannotSend = (name: string) =>
  new Refusal(`${name} can't be sent to the kernel. Set studio.references in a cell.`);

/** How many bytes the kernel says it has; anything but a number up to `most` is refused. */
function receivedOf({ result }: Reply, { file }: Transfer, most: number): number {
  const received = read(receivedReply, result)?.received ?? -1;
  if (received < 0 || received > most) throw lostCount(file.name);
  return received;
}

/** Tell the kernel what comes; resolves with where to go on. */
async function announce(job: Transfer): Promise<number> {
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

function unlessTimedOut(error: unknown): null {
  if (error instanceof TimedOut) return null;
  throw error;
}

/** Announce and send a file; resolves when the kernel has every byte. */
export async function transfer(job: Transfer): Promise<void> {
  const { channel, uploadId, file, signal } = job;
  let inFlight: { end: number; answer: Promise<Reply> }[] = [];
  let received = await announce(job);
  job.onStart?.();
  let next = received;
  let wentBackTo = received;
  let chunk = CHUNK;

  async function send() {
    const offset = next;
    next = Math.min(file.size, offset + chunk);
    const bytes = new Uint8Array(await file.slice(offset, next).arrayBuffer());
    const answer = channel.request(
      { kind: "chunk", upload_id: uploadId, offset },
      { buffers: [bytes], signal, quiet: true, limit: SILENCE },
    );
    answer.catch(() => {}); // it may be awaited by nobody any more
    inFlight.push({ end: next, answer });
  }

  while (received < file.size) {
    job.onProgress(received);
    while (inFlight.length < MAX_IN_FLIGHT && next < file.size) await send();
    const first = inFlight.shift() as (typeof inFlight)[0];
    let answer = await first.answer.catch(unlessTimedOut);
    const isLost = !answer;
    // One question, however long its answer takes: resends would only fill a busy kernel's queue.
    answer ??= await channel.request({ kind: "probe", upload_id: uploadId }, { signal });
    received = Math.max(received, receivedOf(answer, job, next));
    if (!isLost && received >= first.end) continue;
    inFlight = [];
    next = received;
    // It answers, but no bytes have come: the host may have a lower limit for messages.
    if (received === wentBackTo) {
      if (chunk === LEAST_CHUNK) throw cannotSend(file.name);
      chunk /= 2;
    }
    wentBackTo = received;
  }
  job.onProgress(file.size);
}

export const isExpected = (error: unknown): error is Error =>
  error instanceof Refusal || error instanceof KernelGone || error instanceof TimedOut;
