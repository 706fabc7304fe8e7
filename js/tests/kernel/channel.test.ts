import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Channel,
  createChannel,
  KernelGone,
  Refusal,
  TimedOut,
} from "../../src/kernel/channel";
import { FakeModel, message, settle } from "../fake";

let model: FakeModel;
let ended: AbortController;
let channel: Channel;

beforeEach(() => {
  vi.useFakeTimers();
  model = new FakeModel();
  ended = new AbortController();
  channel = createChannel(model.any, ended.signal);
});
afterEach(() => vi.useRealTimers());

const sync = { kind: "sync" } as const;

it("gives every view its own ids", () => {
  const other = createChannel(model.any, ended.signal);
  channel.request(sync).catch(() => {});
  other.request(sync).catch(() => {});
  expect(new Set(model.sent.map((one) => one.id)).size).toBe(2);
});

it("answers with the result and the buffers", async () => {
  const answer = channel.request(sync);
  model.reply(model.last("sync"), { seq: 1 }, [new DataView(new ArrayBuffer(3)), "no bytes"]);
  const { result, buffers } = await answer;
  expect(result).toEqual({ seq: 1 });
  expect(buffers.map((one) => one.byteLength)).toEqual([3]);
});

it("passes over answers to other views, and second answers", async () => {
  const answer = channel.request(sync);
  const sent = model.last("sync");
  model.reply({ ...sent, id: "other-1" }, { seq: 9 });
  model.reply(sent, { seq: 1 });
  model.reply(sent, { seq: 2 });
  expect((await answer).result).toEqual({ seq: 1 });
});

it("rejects with the kernel's sentence and field", async () => {
  const answer = channel.request(sync);
  model.refuse(model.last("sync"), "prompt is empty", "prompt");
  const error = await answer.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Refusal);
  expect(error).toMatchObject({ message: "prompt is empty", field: "prompt" });
});

describe("a slow kernel", () => {
  it("is told after 1.5 s and waited for", async () => {
    const answer = channel.request(sync);
    vi.advanceTimersByTime(1400);
    expect(channel.state.get().waiting).toBe(false);
    vi.advanceTimersByTime(200);
    expect(channel.state.get().waiting).toBe(true);
    vi.advanceTimersByTime(600_000);
    model.reply(model.last("sync"), { seq: 1 });
    await answer;
    expect(channel.state.get().waiting).toBe(false);
  });

  it("is not told for quiet requests", () => {
    channel.request(sync, { quiet: true }).catch(() => {});
    vi.advanceTimersByTime(5000);
    expect(channel.state.get().waiting).toBe(false);
  });

  it("is given up where a limit says so", async () => {
    const answer = channel.request(sync, { limit: 3000 }).catch((reason: unknown) => reason);
    vi.advanceTimersByTime(3000);
    expect(await answer).toBeInstanceOf(TimedOut);
    expect(channel.state.get().waiting).toBe(false);
  });
});

describe("a silent kernel", () => {
  const silentAfter = (time: number) => {
    vi.advanceTimersByTime(time);
    return channel.state.get().silent;
  };

  it("is told after 15 s, though each question was given up before", async () => {
    model.say(message("uploaded"));
    expect(silentAfter(5000)).toBe(false);
    for (let asked = 0; asked < 3; asked += 1) {
      channel.request(sync, { limit: 3000 }).catch(() => {});
      await vi.advanceTimersByTimeAsync(3000);
    }
    expect(silentAfter(900)).toBe(false);
    expect(silentAfter(200)).toBe(true);
    model.say(message("uploaded"));
    expect(channel.state.get().silent).toBe(false);
  });

  it("is given 10 s for the first question after a long rest", () => {
    vi.advanceTimersByTime(600_000);
    channel.request(sync).catch(() => {});
    expect(silentAfter(9900)).toBe(false);
    expect(silentAfter(200)).toBe(true);
  });

  it("is none while it answers, or tells of something", () => {
    channel.request(sync).catch(() => {});
    for (let heard = 0; heard < 4; heard += 1) {
      expect(silentAfter(9000)).toBe(false);
      model.say(message("uploaded"));
    }
    model.reply(model.last("sync"), {});
    expect(silentAfter(600_000)).toBe(false);
  });

  it("is gone once that is known", () => {
    channel.request(sync).catch(() => {});
    expect(silentAfter(20_000)).toBe(true);
    Object.assign(model, { comm_live: false });
    model.emit("comm_live_update");
    expect(channel.state.get()).toEqual({ waiting: false, gone: true, silent: false });
  });
});

describe("a dead kernel", () => {
  it("is told when sending throws", async () => {
    model.dead = true;
    await expect(channel.request(sync)).rejects.toBeInstanceOf(KernelGone);
    expect(channel.state.get().gone).toBe(true);
  });

  it("fails what waits when the comm dies, and is forgiven when it lives again", async () => {
    const revived = vi.fn();
    channel.onRevived(revived);
    const answer = channel.request(sync).catch((reason: unknown) => reason);
    Object.assign(model, { comm_live: false });
    model.emit("comm_live_update");
    expect(await answer).toBeInstanceOf(KernelGone);
    expect(channel.state.get()).toEqual({ waiting: false, gone: true, silent: false });
    Object.assign(model, { comm_live: true });
    model.emit("comm_live_update");
    expect(channel.state.get().gone).toBe(false);
    expect(revived).toHaveBeenCalledOnce();
  });

  it("asks whether the comm lives where the host does not say", () => {
    channel.onRevived(() => void channel.request(sync).catch(() => {}));
    model.dead = true;
    model.emit("comm_live_update");
    expect(channel.state.get().gone).toBe(true);
    model.dead = false;
    model.emit("comm_live_update");
    expect(channel.state.get().gone).toBe(false);
  });

  it("stays gone while nothing went through", () => {
    model.dead = true;
    channel.request(sync).catch(() => {});
    model.emit("comm_live_update");
    expect(channel.state.get().gone).toBe(true);
  });
});

it("hands notices on, and only those that read", () => {
  const heard = vi.fn();
  channel.listen(heard);
  model.say(message("uploaded"));
  model.say({ kind: "uploaded", upload_id: 3 });
  expect(heard).toHaveBeenCalledExactlyOnceWith(message("uploaded"));
});

it("stops with its view", async () => {
  const answer = channel.request(sync).catch((reason: Error) => reason.name);
  ended.abort();
  await settle();
  expect(await answer).toBe("AbortError");
  expect(model.listening).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
