import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createChannel } from "../../src/kernel/channel";
import type { Card } from "../../src/kernel/wire";
import { createJobs, type Jobs } from "../../src/results/jobs";
import { FakeModel, message, settle, synced } from "../fake";

const running = message<{ job: Card }>("job_in_progress").job;
const completed = message<{ job: Card }>("job_completed").job;

let model: FakeModel;
let jobs: Jobs;
let ending: AbortController;

const say = (seq: number, change: Partial<Card> = {}) =>
  model.say({ kind: "job", seq, job: { ...running, place: seq, ...change } });
const ids = () => jobs.cards.get().map(({ id }) => id);

async function open(seq: number, cards: Card[] = [], more = {}) {
  void jobs.sync();
  model.reply(model.last("sync"), synced(seq, cards, more));
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(running.created);
  ending = new AbortController();
  model = new FakeModel();
  jobs = createJobs(createChannel(model.any, ending.signal), ending.signal);
});
afterEach(() => {
  ending.abort();
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

it("asks for what it missed after a gap", async () => {
  await open(18, [running, { ...completed, id: "j0", place: 0 }]);
  say(20, { id: "j3" });
  expect(model.of("sync")).toHaveLength(2);
  expect(model.last("sync").since).toBe(18);
  const more = { whole: false, gone: ["j0"] };
  model.reply(model.last("sync"), synced(21, [{ ...completed, place: 19 }], more));
  await settle();
  expect(ids()).toEqual(["j3", "j1"]);
  expect(jobs.cards.get()[1]?.state).toBe("completed");
  say(22, { id: "j4" });
  expect(model.of("sync")).toHaveLength(2);
});

it("passes over what it has heard", async () => {
  await open(18, [completed]);
  say(18);
  say(3, { id: "old" });
  expect(jobs.cards.get()).toEqual([completed]);
});

it("takes the whole list where the kernel gives that", async () => {
  await open(18, [{ ...completed, id: "j0" }]);
  say(20, { id: "j3" });
  model.reply(model.last("sync"), synced(3, [completed], { next: 7 }));
  await settle();
  expect(ids()).toEqual(["j1"]);
  expect(jobs.older.get()).toBe(7);
});

const ended = (place: number) => ({ ...completed, id: `j${place}`, place });

it("lets go of the oldest, but of none that runs, and has them back by pages", async () => {
  await open(0);
  say(1, { id: "runs" });
  for (let place = 2; place <= 121; place += 1) say(place, ended(place));
  expect(ids()).toHaveLength(51);
  expect([ids()[0], ids()[49], ids()[50]]).toEqual(["j121", "j72", "runs"]);
  expect(jobs.older.get()).toBe(72);
  const [one, other] = [jobs.more(), jobs.more()];
  expect(model.of("older").map(({ before }) => before)).toEqual([72]);
  model.reply(model.last("older"), { jobs: [ended(71), ended(70)], next: 70 });
  await Promise.all([one, other]);
  expect(ids().slice(48)).toEqual(["j73", "j72", "j71", "j70", "runs"]);
  say(122, ended(122));
  expect(ids()).toHaveLength(53); // what was asked for has room
  expect(jobs.older.get()).toBe(71);
});

it("asks again for a page that did not come", async () => {
  await open(0, [ended(5)], { next: 5 });
  const asked = jobs.more();
  model.refuse(model.last("older"), "broken");
  await asked;
  expect(jobs.older.get()).toBe(5);
  void jobs.more();
  expect(model.of("older")).toHaveLength(2);
});

it("goes through the pictures as they were, and on through older ones", async () => {
  const pictures = (place: number) => ({
    ...ended(place),
    images: [{ id: `r${place}:0`, width: 10, height: 10 }],
  });
  await open(9, [pictures(9), pictures(8)], { next: 8 });
  const list = jobs.pictures();
  say(10, pictures(10));
  expect(jobs.of("r10:0")?.id).toBe("j10");
  expect([list.total, await list.at(0)]).toEqual([2, "r9:0"]);
  const last = list.at(1);
  model.reply(model.last("older"), { jobs: [pictures(7)], next: null });
  expect(await last).toBe("r8:0");
  expect([list.total, await list.at(2), await list.at(3)]).toEqual([3, "r7:0", null]);
});

it("drops a card that any view has dismissed", async () => {
  await open(18, [completed]);
  model.say({ kind: "forgotten", seq: 19, job_id: "j1" });
  expect(ids()).toEqual([]);
  model.say({ kind: "forgotten", seq: 21, job_id: "j3" });
  expect(model.last("sync").since).toBe(19);
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
    ending.abort();
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
