import { expect, it } from "vitest";
import { createAnnouncer } from "../../src/shell/announcer";

it("reads out in a Safari that can't tell whether a widget is seen", () => {
  const root = document.createElement("div");
  Object.defineProperty(root, "checkVisibility", { value: undefined });
  expect(createAnnouncer(root, new AbortController().signal).claim("Picture copied")).toBe(true);
});
