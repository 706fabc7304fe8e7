import { expect, it } from "vitest";
import { formatDuration, formatElapsed } from "../../src/results/time";

it.each([
  [-500, "0:00"],
  [6999, "0:06"],
  [61_000, "1:01"],
  [3_600_000, "60:00"],
])("writes %d ms as %s while running", (time, text) => {
  expect(formatElapsed(time)).toBe(text);
});

it.each([
  [8200, "8.2 s"],
  [59_940, "59.9 s"],
  [59_990, "0:59"],
  [68_000, "1:08"],
])("writes %d ms as %s when done", (time, text) => {
  expect(formatDuration(time)).toBe(text);
});
