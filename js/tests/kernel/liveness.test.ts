import type { AnyModel } from "@anywidget/types";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createChannel } from "../../src/kernel/channel";
import { createLivenessCheck, followConnection } from "../../src/kernel/liveness";
import { FakeModel, settle } from "../fake";

type Callbacks = (() => void) & {
  iopub: { status(message: { content: { execution_state: string } }): void };
};

const asked: Callbacks[] = [];
const model = {
  send: (_content: unknown, callbacks: Callbacks) => asked.push(callbacks),
} as unknown as AnyModel;
const tell = (state: string, at = asked.length - 1) =>
  asked[at]?.iopub.status({ content: { execution_state: state } });
const gone = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  gone.mockReset();
});
afterEach(() => vi.useRealTimers());

describe("a liveness check", () => {
  it("is proven by two questions that a kernel is through with and leaves unanswered", () => {
    createLivenessCheck(model, "v1", gone).start();
    tell("busy");
    tell("idle");
    tell("idle");
    vi.advanceTimersByTime(1000);
    expect(asked).toHaveLength(2);
    expect(gone).not.toHaveBeenCalled();
    tell("idle");
    vi.advanceTimersByTime(1000);
    expect(gone).toHaveBeenCalledOnce();
  });

  it("waits for a busy kernel, with one question", () => {
    const check = createLivenessCheck(model, "v1", gone);
    check.start();
    check.start();
    tell("busy");
    vi.advanceTimersByTime(600_000);
    expect(asked).toHaveLength(1);
    expect(gone).not.toHaveBeenCalled();
  });

  it("ends with any answer", () => {
    const check = createLivenessCheck(model, "v1", gone);
    check.start();
    tell("idle");
    check.stop();
    tell("idle", 0);
    vi.advanceTimersByTime(10_000);
    expect(gone).not.toHaveBeenCalled();
    check.start();
    expect(asked).toHaveLength(2);
  });

  it("is harmless where the host calls its callbacks", () => {
    createLivenessCheck(model, "v1", gone).start();
    expect(() => asked[0]?.()).not.toThrow();
  });

  it("is over where nothing can be sent", () => {
    const dead = {
      send: () => {
        throw new Error("Cannot send");
      },
    } as unknown as AnyModel;
    createLivenessCheck(dead, "v1", gone).start();
    expect(gone).toHaveBeenCalledOnce();
  });
});

describe("a channel that lost its kernel", () => {
  it("believes only what it hears", async () => {
    const silent = new FakeModel();
    const ended = new AbortController();
    const channel = createChannel(silent.any, ended.signal);
    const revived = vi.fn();
    channel.onRevived(revived);
    channel.lose();
    const answer = channel.request({ kind: "sync" });
    expect(channel.state.get().gone).toBe(true);
    silent.reply(silent.last("sync"), { seq: 1 });
    expect((await answer).result).toEqual({ seq: 1 });
    expect(channel.state.get().gone).toBe(false);
    expect(revived).toHaveBeenCalledOnce();
    ended.abort();
  });
});

it("hears from the view that its model is cut off, now and later", async () => {
  vi.useRealTimers();
  const ended = new AbortController();
  const view = document.createElement("div");
  followConnection(view, gone, ended.signal);
  expect(gone).not.toHaveBeenCalled();
  view.classList.add("jupyter-widgets-disconnected");
  await settle();
  expect(gone).toHaveBeenCalledOnce();
  followConnection(view, gone, ended.signal);
  expect(gone).toHaveBeenCalledTimes(2);
  ended.abort();
});
