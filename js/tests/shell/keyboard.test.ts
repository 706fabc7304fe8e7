import { fireEvent } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { isOurs } from "../../src/shell/keyboard";
import { mount, unmountAll } from "../mount";

afterEach(unmountAll);

/** "Ctrl+Shift+z" as the event of that key. */
function stroke(name: string): KeyboardEvent {
  const parts = name.split("+");
  const key = parts.pop() || "+";
  const [ctrlKey, shiftKey, altKey, metaKey] = ["Ctrl", "Shift", "Alt", "Cmd"].map((modifier) =>
    parts.includes(modifier),
  );
  const options = { key, ctrlKey, shiftKey, altKey, metaKey, bubbles: true, cancelable: true };
  const event = new KeyboardEvent("keydown", options as KeyboardEventInit);
  // happy-dom takes any Alt for Alt Gr.
  return Object.assign(event, { getModifierState: () => false });
}

const TEXT = ["a", "Shift+A", "5", "ß", "😀", " ", "+", "Enter", "Shift+Enter", "Alt+Enter"];
const EDITING = [
  "Backspace",
  "Ctrl+Delete",
  "ArrowLeft",
  "Shift+ArrowUp",
  "Ctrl+ArrowRight",
  "Home",
];
const CLIPBOARD = ["c", "x", "v", "a", "z", "y", "Shift+z", "Shift+v"];
const HOST = ["F1", "F11", "Ctrl+s", "Ctrl+Shift+s", "Ctrl+p", "Ctrl+Shift+p", "Ctrl+Shift+c"];

describe("our keys", () => {
  it.each([...TEXT, ...EDITING, ...CLIPBOARD.map((key) => `Ctrl+${key}`), "Ctrl+Enter", "Tab"])(
    "%s is ours",
    (name) => expect(isOurs(stroke(name), false)).toBe(true),
  );

  it.each([
    ...HOST,
    "Ctrl+b",
    "Ctrl+1",
    "Alt+f",
    "Ctrl+Tab",
    "Ctrl+PageDown",
    "Cmd+v",
    "Ctrl+Alt+a",
  ])("%s belongs to the host", (name) => expect(isOurs(stroke(name), false)).toBe(false));

  it("knows a Mac's", () => {
    for (const name of ["Cmd+c", "Cmd+Shift+z", "Ctrl+a", "Alt+e", "Cmd+Enter"]) {
      expect([name, isOurs(stroke(name), true)]).toEqual([name, true]);
    }
    for (const name of ["Cmd+s", "Cmd+p", "Cmd+Shift+p", "Ctrl+Shift+c", "Ctrl+s"]) {
      expect([name, isOurs(stroke(name), true)]).toEqual([name, false]);
    }
  });

  it("knows what is typed with Alt Gr or an input method", () => {
    const at = stroke("Ctrl+Alt+@");
    Object.assign(at, { getModifierState: (name: string) => name === "AltGraph" });
    expect(isOurs(at, false)).toBe(true);
    expect(isOurs({ key: "s", ctrlKey: true, isComposing: true } as KeyboardEvent)).toBe(true);
  });
});

it.each(["textarea", "button", "input", "[role=radio]"])(
  "marks %s for our keys, and lets the host have its own",
  async (selector) => {
    const { root } = await mount();
    const element = root.querySelector(selector) as Element;
    const heard: [string, boolean][] = [];
    // Notebook 7 listens so, and looks for the mark on what has focus.
    const listen = (event: Event) => {
      const { key, target } = event as KeyboardEvent & { target: Element };
      heard.push([key, target.hasAttribute("data-lm-suppress-shortcuts")]);
    };
    document.addEventListener("keydown", listen, { capture: true });
    for (const name of ["a", "Ctrl+s", "Enter", "F1"]) element.dispatchEvent(stroke(name));
    document.removeEventListener("keydown", listen, { capture: true });
    expect(heard).toEqual([
      ["a", true],
      ["s", false],
      ["Enter", true],
      ["F1", false],
    ]);
  },
);

it.each(["keydown", "keyup", "keypress"])("keeps %s of our keys inside", async (kind) => {
  const { root } = await mount();
  const heard: string[] = [];
  const listen = ({ key }: KeyboardEvent) => heard.push(key);
  document.addEventListener(kind as "keydown", listen);
  for (const element of [root, root.querySelector("textarea"), root.querySelector("button")]) {
    for (const key of ["a", "F1"]) {
      element?.dispatchEvent(new KeyboardEvent(kind, { key, bubbles: true, cancelable: true }));
    }
  }
  document.removeEventListener(kind as "keydown", listen);
  expect(heard).toEqual(["F1", "F1", "F1"]);
});

it.each(["paste", "copy", "cut"])("keeps %s inside", async (kind) => {
  const { root } = await mount();
  const heard = vi.fn();
  document.addEventListener(kind, heard);
  for (const element of [root, root.querySelector("textarea"), root.querySelector("button")]) {
    element?.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true }));
  }
  document.removeEventListener(kind, heard);
  expect(heard).not.toHaveBeenCalled();
});

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
