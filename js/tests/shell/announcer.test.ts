import { expect, it, vi } from "vitest";
import { createAnnouncer } from "../../src/shell/announcer";

it("reads out in a Safari that can't tell whether a widget is seen", () => {
  const root = document.createElement("div");
  vi.spyOn(root, "checkVisibility", "get" as never).mockReturnValue(undefined as never);
  expect(createAnnouncer(root, new AbortController().signal).claim("Picture copied")).toBe(true);
});
