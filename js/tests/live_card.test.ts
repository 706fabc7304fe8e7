/** The card of a running job, as `seedream_widgets/studio/live_card.js` draws it. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
// @ts-expect-error: it has no types, as the page gets it as it is.
import card from "../../seedream_widgets/studio/live_card.js";
import { FakeModel } from "./fake";

const GONE = "The kernel is busy, or gone";
let model: FakeModel;
let el: HTMLElement;
let leave: () => void;

const button = () => el.querySelector("button") as HTMLButtonElement;
const hear = (id: string) => model.say({ kind: "reply", id, result: {} });

beforeEach(() => {
  vi.useFakeTimers();
  model = new FakeModel({ _lines: ["a fox", "Generating", ""], _note: "", _cancelling: false });
  el = document.createElement("div");
  leave = card.render({ model: model.any, el });
});
afterEach(() => {
  leave();
  vi.useRealTimers();
});

it("offers Cancel once the kernel has answered, and says that it is under way", () => {
  expect(button().hidden).toBe(true);
  hear("here");
  expect(button().hidden).toBe(false);
  button().click();
  expect(model.sent.map((each) => each.kind)).toEqual(["here", "cancel"]);
  expect([button().textContent, button().disabled]).toEqual(["Cancelling…", true]);
  model.set("_cancelling", true);
  hear("cancel");
  expect([button().textContent, button().disabled]).toEqual(["Cancelling…", true]);
});

it("can be pressed again where cancelling failed", () => {
  hear("here");
  button().click();
  model.set("_cancelling", true);
  hear("cancel");
  model.set("_cancelling", false);
  expect([button().textContent, button().disabled]).toEqual(["Cancel", false]);
  button().click();
  expect(model.of("cancel")).toHaveLength(2);
});

it("says that the kernel is busy or gone where Cancel has no answer", () => {
  hear("here");
  button().click();
  vi.advanceTimersByTime(15_000);
  expect(el.textContent).toContain(GONE);
  expect(el.textContent).toContain("sd.resume()");
  expect(button().disabled).toBe(false);
  hear("cancel");
  expect(el.textContent).not.toContain(GONE);
});

it("asks for a word where none comes by itself, and says so where there is no answer", () => {
  hear("here");
  vi.advanceTimersByTime(14_000);
  model.set("_lines", ["a fox", "Generating · 14 s", ""]);
  vi.advanceTimersByTime(14_000);
  expect(model.sent).toHaveLength(1);
  vi.advanceTimersByTime(1_000);
  expect(model.sent.map((each) => each.kind)).toEqual(["here", "here"]);
  hear("here");
  expect(el.textContent).not.toContain(GONE);
  vi.advanceTimersByTime(30_000);
  expect(el.textContent).toContain(GONE);
});

it("asks for nothing once it is taken away", () => {
  hear("here");
  leave();
  vi.advanceTimersByTime(60_000);
  expect(model.sent).toHaveLength(1);
});
