import { afterEach, expect, it } from "vitest";
import { unmountAll } from "../mount";
import { card, doing, withJobs } from "../ui";

const done = (id: string, finished: number, change = {}) => ({
  ...card("job_completed"),
  id,
  finished,
  images: [{ id: `${id}-0`, width: 8, height: 6 }],
  ...change,
});

afterEach(unmountAll);

it("writes the newest picture that a click brought, once", async () => {
  const view = await withJobs([done("j1", 10)]);
  expect(view.model.traits._arrived).toBe("j1-0");
  expect(view.model.saves).toBe(1);
  const say = (job: object, seq: number) => doing(() => view.model.say({ kind: "job", seq, job }));
  await say(card("job_in_progress"), 21);
  expect(view.model.saves).toBe(1);
  await say(done("j2", 20), 22);
  expect(view.model.traits._arrived).toBe("j2-0");
  // It came late: a newer one has been told.
  await say(done("j3", 15), 23);
  expect(view.model.traits._arrived).toBe("j2-0");
  await doing(() => view.model.say({ kind: "forgotten", job_id: "j2" }));
  expect(view.model.traits._arrived).toBe("j2-0");
  expect(view.model.saves).toBe(2);
});

it("writes nothing that is known, was a cell's, or has no picture", async () => {
  const told = await withJobs([done("j1", 10)], { _arrived: "j1-0" });
  const cell = await withJobs([done("j1", 10, { clicked: false })]);
  const failed = await withJobs([card("job_failed")]);
  for (const { model } of [told, cell, failed]) expect(model.saves).toBe(0);
});
