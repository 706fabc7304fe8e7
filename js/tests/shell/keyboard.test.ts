import { fireEvent } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { mount, unmountAll } from "../mount";

afterEach(unmountAll);

const FOCUSABLE = "input,textarea,select,button,summary,a[href],[tabindex]";
const unguarded = (root: Element) =>
  [root, ...root.querySelectorAll(FOCUSABLE)].filter(
    (element) => element.getAttribute("data-lm-suppress-shortcuts") !== "true",
  );

it("marks every focusable element, those of later too", async () => {
  const { root } = await mount();
  expect(root.querySelectorAll(FOCUSABLE).length).toBeGreaterThan(15);
  expect(unguarded(root)).toEqual([]);
  const late = document.createElement("button");
  root.querySelector(".sd-stage")?.append(late);
  await new Promise((resolve) => setTimeout(resolve));
  expect(late.getAttribute("data-lm-suppress-shortcuts")).toBe("true");
});

it.each(["keydown", "keyup", "keypress", "paste", "copy", "cut"])(
  "keeps %s inside",
  async (kind) => {
    const { root } = await mount();
    const heard = vi.fn();
    document.addEventListener(kind, heard);
    for (const element of [root, root.querySelector("textarea"), root.querySelector("button")]) {
      element?.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true }));
    }
    document.removeEventListener(kind, heard);
    expect(heard).not.toHaveBeenCalled();
  },
);

it("lets the browser do its own with keys", async () => {
  const { root } = await mount();
  const area = root.querySelector("textarea") as Element;
  for (const keys of [{ key: "Enter" }, { key: "Enter", shiftKey: true }, { key: "a" }]) {
    expect(fireEvent.keyDown(area, keys)).toBe(true);
  }
});

it("keeps focus when the focused element goes, and lets it leave", async () => {
  const { root } = await mount();
  const stage = root.querySelector(".sd-stage") as HTMLElement;
  const late = document.createElement("button");
  stage.append(late);
  late.focus();
  late.remove();
  await new Promise((resolve) => setTimeout(resolve));
  expect(document.activeElement).toBe(stage);
  stage.blur();
  await new Promise((resolve) => setTimeout(resolve));
  stage.append(document.createElement("i"));
  await new Promise((resolve) => setTimeout(resolve));
  expect(root.contains(document.activeElement)).toBe(false);
});
