import { expect, it } from "vitest";
import { isSubmitKey } from "../../src/controls/keys";

it("takes Ctrl+Enter, but not within an input method", () => {
  const key = (options: object) => isSubmitKey(new KeyboardEvent("keydown", options));
  expect(key({ key: "Enter", ctrlKey: true })).toBe(true);
  expect(key({ key: "Enter", metaKey: true })).toBe(true);
  expect(key({ key: "Enter" })).toBe(false);
  expect(key({ key: "Enter", ctrlKey: true, isComposing: true })).toBe(false);
});
