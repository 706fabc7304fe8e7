/** What hosts differ in: found out by trying, and nothing is asked of a host that one forbids. */
import { act, fireEvent } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeModel, initialTraits } from "../fake";
import { answerAll, mount, unmountAll } from "../mount";
import { button, card, click, doing, prompt, type, ui, withJobs } from "../ui";

const sources = import.meta.glob<string>("../../src/**/*.{ts,tsx}", {
  eager: true,
  import: "default",
  query: "?raw",
});
/** Colab's storage throws, VS Code's dialogs do; in marimo the page does not see the widget. */
const FORBIDDEN =
  /localStorage|sessionStorage|indexedDB|\bcaches\.|\b(alert|confirm|prompt)\(|window\.open|document\.(querySelector|getElement|activeElement)/;

beforeEach(() => {
  // What happy-dom has not.
  URL.createObjectURL = vi.fn(() => "blob:picture");
  URL.revokeObjectURL = vi.fn();
});
afterEach(unmountAll);

it.each(Object.keys(sources))("%s asks for nothing that a host forbids", (path) => {
  expect(sources[path]).not.toMatch(FORBIDDEN);
});

const drag = (target: Element, kind: string, dataTransfer: object) =>
  doing(() => {
    const event = new Event(kind, { bubbles: true, cancelable: true, composed: true });
    target.dispatchEvent(Object.assign(event, { dataTransfer }));
  });

it.each([
  ["lets nothing be dropped", { types: ["Files"], effectAllowed: "none", files: [] }],
  ["hides what is dragged", { types: [], effectAllowed: "all", files: [] }],
])("says what to hold where the host %s", async (_, transfer) => {
  const view = await mount();
  await drag(view.root, "dragover", transfer);
  expect(ui(view).getAllByText("Hold Shift to drop here")).toHaveLength(1);
  await drag(view.root, "dragover", { ...transfer, types: ["Files"], effectAllowed: "copy" });
  expect(ui(view).queryByText("Hold Shift to drop here")).toBeNull();
  await drag(view.root, "drop", transfer);
  expect(ui(view).queryByText("Drop to add as reference images")).toBeNull();
  expect(view.model.of("upload")).toHaveLength(0);
});

const pass = (time: number) =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(time);
  });

it("says once that a click waits for the kernel, on the button and aloud", async () => {
  vi.useFakeTimers();
  const model = new FakeModel({ ...initialTraits(), prompt: "a fox" });
  const view = await mount({}, model);
  model.onSend = () => undefined;
  const status = ui(view).getByRole("status");
  const said: string[] = [];
  const observer = new MutationObserver(() => said.push(status.textContent ?? ""));
  observer.observe(status, { childList: true, characterData: true, subtree: true });
  fireEvent.click(button(view, /^Generate/));
  await pass(1400);
  expect(button(view, /^Generate: Sending…/)).toBeTruthy();
  await pass(3000);
  expect(button(view, /^Generate: Waiting for the kernel/)).toBeTruthy();
  expect(said).toEqual(["Waiting for the kernel"]);
  model.onSend = answerAll();
  await doing(() => model.reply(model.last("submit"), { job_id: "j9" }));
  expect(button(view, /^Generate (Ctrl|⌘)/)).toBeTruthy();
});

it("says of a dead kernel what can be done, and keeps what was typed", async () => {
  const view = await mount();
  await type(prompt(view), "a fox that stays");
  await doing(() => {
    view.model.dead = true;
    view.model.emit("comm_live_update");
  });
  await doing(() => fireEvent.click(button(view, /^Generate/)));
  expect(ui(view).getByRole("alert").textContent).toMatch(
    /^The kernel is gone. Run the cell again. .*library/,
  );
  expect(prompt(view).value).toBe("a fox that stays");
  view.model.dead = false;
  await doing(() => view.model.emit("comm_live_update"));
  expect(ui(view).queryByRole("alert")).toBeNull();
});

it("downloads by a click that reaches the page, as VS Code wants it", async () => {
  const view = await withJobs([card("job_completed")]);
  view.model.onSend = ({ kind }) =>
    kind === "original" ? undefined : answerAll([card("job_completed")], 20)({ kind, id: "" });
  const clicked = vi.fn((event: Event) => event.preventDefault());
  document.addEventListener("click", clicked);
  await click(button(view, "Save image 1 of 2"));
  clicked.mockClear();
  await doing(() =>
    view.model.reply(
      view.model.last("original"),
      { image_id: "2f6c:0", name: "fox.png", media_type: "image/png" },
      [new DataView(new ArrayBuffer(4))],
    ),
  );
  document.removeEventListener("click", clicked);
  const [event] = clicked.mock.calls[0] ?? [];
  expect(event?.target).toMatchObject({ download: "fox.png" });
  expect(document.querySelector("a[download]")).toBeNull();
});
