import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createChannel } from "../../src/kernel/channel";
import type { Card } from "../../src/kernel/wire";
import { createJobs, type Jobs } from "../../src/results/jobs";
import { FakeModel, message, settle } from "../fake";

const running = message<{ job: Card }>("job_in_progress").job;
const completed = message<{ job: Card }>("job_completed").job;

let model: FakeModel;
let jobs: Jobs;
let ended: AbortController;

const say = (seq: number, change: Partial<Card> = {}) =>
  model.say({ kind: "job", seq, job: { ...running, ...change } });
const ids = () => jobs.cards.get().map(({ id }) => id);

async function open(seq: number, cards: Card[] = []) {
  void jobs.sync();
  model.reply(model.last("sync"), { seq, jobs: cards, waiting: 0 });
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(running.created);
  ended = new AbortController();
  model = new FakeModel();
  jobs = createJobs(createChannel(model.any, ended.signal), ended.signal);
});
afterEach(() => {
  ended.abort();
  vi.useRealTimers();
});

it("takes the kernel's list, then one card at a time", async () => {
  await open(18, [running]);
  say(19, { id: "j2" });
  say(20, { ...completed, id: "j1" });
  expect(ids()).toEqual(["j2", "j1"]);
  expect(jobs.cards.get()[1]?.state).toBe("completed");
  expect(model.of("sync")).toHaveLength(1);
});

it("asks again after a gap, and replaces what it has", async () => {
  await open(18, [running]);
  say(20, { id: "j3" });
  expect(model.of("sync")).toHaveLength(2);
  model.reply(model.last("sync"), { seq: 21, jobs: [completed], waiting: 0 });
  await settle();
  expect(ids()).toEqual(["j1"]);
  say(22, { id: "j4" });
  expect(model.of("sync")).toHaveLength(2);
});

it("passes over what it has heard", async () => {
  await open(18, [completed]);
  say(18);
  say(3, { id: "old" });
  expect(jobs.cards.get()).toEqual([completed]);
});

it("keeps the newest hundred", async () => {
  await open(0);
  for (let number = 1; number <= 120; number += 1) say(number, { id: `j${number}` });
  expect(ids()).toHaveLength(100);
  expect(ids()[0]).toBe("j120");
});

it("drops a card that any view has dismissed", async () => {
  await open(18, [completed]);
  model.say({ kind: "forgotten", job_id: "j1" });
  expect(ids()).toEqual([]);
});

describe("silence", () => {
  it("of 5 s while a job runs is asked about", async () => {
    await open(18, [running]);
    await vi.advanceTimersByTimeAsync(4900);
    say(19);
    await vi.advanceTimersByTimeAsync(4900);
    expect(model.of("sync")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(model.of("sync")).toHaveLength(2);
  });

  it("is fine when all is done", async () => {
    await open(18, [completed]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(model.of("sync")).toHaveLength(1);
  });

  it("of a busy kernel is asked about ever less often", async () => {
    await open(18, [running]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(model.of("sync").length).toBeLessThanOrEqual(6);
    expect(model.of("sync").length).toBeGreaterThanOrEqual(4);
  });

  it("is not broken by a kernel that refuses to answer", async () => {
    void jobs.sync();
    model.refuse(model.last("sync"), "broken");
    await vi.advanceTimersByTimeAsync(9000);
    expect(model.of("sync")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(model.of("sync")).toHaveLength(2);
  });

  it("ends with the view", async () => {
    await open(18, [running]);
    ended.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(model.of("sync")).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it("measures a clock that goes wrong, and trusts one that goes right", async () => {
  await open(0);
  say(1, { id: "a", created: running.created - 900 });
  expect(jobs.skew.get()).toBe(0);
  say(2, { id: "b", created: running.created + 3_600_000 });
  expect(jobs.skew.get()).toBe(-3_600_000);
});
