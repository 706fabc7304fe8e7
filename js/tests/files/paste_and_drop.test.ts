import { expect, it, vi } from "vitest";
import { isSubmitKey } from "../../src/controls/keys";
import { acceptDrops } from "../../src/files/drops";

const setUp = () => {
  const root = document.createElement("section");
  root.innerHTML = "<textarea class='sd-prompt'></textarea>";
  document.body.append(root);
  const handlers = { onFiles: vi.fn(), onHover: vi.fn() };
  acceptDrops(root, handlers, new AbortController().signal);
  return { root, handlers, prompt: root.querySelector("textarea") as HTMLTextAreaElement };
};

it("text copied in Word or Excel (text and a picture of it) is pasted into the prompt as text", () => {
  const { handlers, prompt } = setUp();
  const event = new Event("paste", { bubbles: true, cancelable: true });
  Object.assign(event, {
    clipboardData: {
      types: ["text/plain", "text/html", "Files"],
      files: [new File(["x"], "image.png", { type: "image/png" })],
      getData: (t: string) => (t === "text/plain" ? "a red fox in snow" : "<b>a red fox</b>"),
    },
  });
  prompt.dispatchEvent(event);
  expect({
    textSwallowed: event.defaultPrevented,
    added: handlers.onFiles.mock.calls.length,
  }).toEqual({ textSwallowed: false, added: 0 });
});

it("a picture dragged in from another tab as an address says something", () => {
  const { root, handlers } = setUp();
  const event = new Event("drop", { bubbles: true, cancelable: true, composed: true });
  Object.assign(event, {
    dataTransfer: {
      types: ["text/uri-list", "text/html", "text/plain"],
      files: [],
      effectAllowed: "all",
      dropEffect: "none",
      getData: () => "https://example.com/fox.png",
    },
  });
  root.dispatchEvent(event);
  expect({
    swallowed: event.defaultPrevented,
    told: handlers.onFiles.mock.calls.length + handlers.onHover.mock.calls.length,
  }).not.toEqual({ swallowed: true, told: 0 });
});

it("Enter that ends an IME composition does not submit", () => {
  expect(
    isSubmitKey({
      key: "Enter",
      ctrlKey: true,
      metaKey: false,
      isComposing: true,
    } as KeyboardEvent),
  ).toBe(false);
  expect(
    isSubmitKey({
      key: "Enter",
      ctrlKey: false,
      metaKey: false,
      isComposing: false,
    } as KeyboardEvent),
  ).toBe(false);
});
