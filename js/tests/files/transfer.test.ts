import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CHUNK, LEAST_CHUNK, MAX_IN_FLIGHT, transfer } from "../../src/files/transfer";
import { createChannel } from "../../src/kernel/channel";
import { FakeModel, type Sent, settle } from "../fake";

const MB = CHUNK;
let model: FakeModel;
let ended: AbortController;
let progress: number[];
/** The kernel's half: appends what goes on where it stopped, and answers how far it is. */
let received: number;
let data: Uint8Array;

function file(size: number): File {
  const bytes = new Uint8Array(size).map((_, index) => (index * 7 + (index >> 13)) % 251);
  return new File([bytes], "fox.png", { type: "image/png" });
}

function kernel(message: Sent, buffers: ArrayBufferView[]) {
  const [buffer] = buffers;
  if (message.kind === "chunk" && buffer && message.offset === received) {
    data.set(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength), received);
    received += buffer.byteLength;
  }
  return { received };
}

async function start(source: File) {
  data = new Uint8Array(source.size);
  const channel = createChannel(model.any, ended.signal);
  const onProgress = (value: number) => progress.push(value);
  await transfer({ channel, uploadId: "u1", file: source, signal: ended.signal, onProgress });
}

async function same(source: File) {
  const bytes = new Uint8Array(await source.arrayBuffer());
  return bytes.length === data.length && bytes.every((byte, index) => byte === data[index]);
}

beforeEach(() => {
  vi.useFakeTimers();
  model = new FakeModel();
  ended = new AbortController();
  progress = [];
  received = 0;
  model.onSend = kernel;
});
afterEach(() => {
  ended.abort();
  vi.useRealTimers();
});

it("announces, then sends exact chunks of 1 MiB in order", async () => {
  const source = file(2.5 * MB);
  await start(source);
  expect(model.of("upload")).toMatchObject([
    { upload_id: "u1", name: "fox.png", size: source.size, media_type: "image/png" },
  ]);
  expect(model.of("chunk").map((one) => one.offset)).toEqual([0, MB, 2 * MB]);
  for (const [bytes] of model.buffers.slice(1) as [Uint8Array][]) {
    expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
  }
  expect(await same(source)).toBe(true);
  expect(progress.at(-1)).toBe(source.size);
});

it("keeps at most three chunks unanswered", async () => {
  model.onSend = (message) => (message.kind === "upload" ? { received: 0 } : undefined);
  start(file(12 * MB)).catch(() => {});
  await settle(200);
  expect(model.of("chunk")).toHaveLength(MAX_IN_FLIGHT);
  model.reply(model.of("chunk")[0] as Sent, { received: MB });
  await settle(200);
  expect(model.of("chunk")).toHaveLength(MAX_IN_FLIGHT + 1);
});

it("goes on from where the kernel already is", async () => {
  received = MB;
  await start(file(2 * MB));
  expect(model.of("chunk").map((one) => one.offset)).toEqual([MB]);
});

it("asks once when answers stay away, waits, and goes on from the answer", async () => {
  const source = file(10 * MB);
  let deaf = true;
  model.onSend = (message, buffers) => {
    if (message.kind === "upload") return { received: 0 };
    if (message.kind === "probe") return undefined;
    // The first chunks arrive, their answers are lost with all later chunks.
    if (deaf && (message.offset as number) >= MB) return undefined;
    const answer = kernel(message, buffers);
    return deaf ? undefined : answer;
  };
  const done = start(source);
  await settle(200);
  await vi.advanceTimersByTimeAsync(4900);
  expect(model.of("probe")).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(200);
  expect(model.of("probe")).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(model.of("probe")).toHaveLength(1);
  expect(model.of("chunk")).toHaveLength(MAX_IN_FLIGHT);
  deaf = false;
  model.reply(model.last("probe"), { received });
  await done;
  expect(model.of("chunk").map((one) => (one.offset as number) / MB)).toEqual([
    0, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9,
  ]);
  expect(await same(source)).toBe(true);
});

it("goes back when every chunk was answered and one was dropped", async () => {
  const source = file(4 * MB);
  let dropped = false;
  model.onSend = (message, buffers) => {
    if (message.kind === "chunk" && message.offset === MB && !dropped) {
      dropped = true;
      return { received };
    }
    return kernel(message, buffers);
  };
  await start(source);
  expect(model.of("probe")).toHaveLength(0);
  expect(await same(source)).toBe(true);
});

it.each([-1, 99 * MB, 1.5, "0", null])("refuses the poison offset %j", async (poison) => {
  model.onSend = (message, buffers) =>
    message.kind === "chunk" ? { received: poison } : kernel(message, buffers);
  await expect(start(file(2 * MB))).rejects.toThrow("lost count of fox.png");
});

it("passes the kernel's refusal on", async () => {
  model.onSend = () => undefined;
  const done = start(file(10));
  model.refuse(model.last("upload"), "fox.png is too large");
  await expect(done).rejects.toThrow("fox.png is too large");
});

it("stops when its view ends", async () => {
  model.onSend = (message) => (message.kind === "upload" ? { received: 0 } : undefined);
  const done = start(file(12 * MB)).catch((error: Error) => error.name);
  await settle(200);
  ended.abort();
  expect(await done).toBe("AbortError");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(model.of("probe")).toHaveLength(0);
});

/** A host that drops every message above `limit` and says nothing. */
const host = (limit: number) => (message: Sent, buffers: ArrayBufferView[]) =>
  message.kind === "chunk" && (buffers[0]?.byteLength ?? 0) > limit
    ? undefined
    : kernel(message, buffers);

it("halves the chunks while nothing gets through to a kernel that answers", async () => {
  const source = file(1.5 * MB);
  model.onSend = host(MB / 3);
  const done = start(source);
  await vi.advanceTimersByTimeAsync(30_000);
  await done;
  const sizes = model.buffers.map(([bytes]) => (bytes as Uint8Array | undefined)?.byteLength ?? 0);
  expect([...new Set(sizes.filter((size) => size > 0))]).toEqual([MB, MB / 2, MB / 4]);
  expect(model.of("probe")).toHaveLength(2);
  expect(await same(source)).toBe(true);
});

it("says what to do where not even the smallest chunk gets through", async () => {
  model.onSend = host(LEAST_CHUNK - 1);
  const done = expect(start(file(2 * MB))).rejects.toThrow(
    "fox.png can't be sent to the kernel. Set studio.references in a cell.",
  );
  await vi.advanceTimersByTimeAsync(60_000);
  await done;
  expect(model.of("probe")).toHaveLength(5);
});
