/** The page of a sheet, with a kernel that answers as the golden messages do. */
import { fireEvent, within } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { FakeModel, initialTraits, message, type Sent } from "../fake";
import { mount, unmountAll } from "../mount";
import { button, click, doing, pass, press, ui } from "../ui";

afterEach(unmountAll);
// happy-dom lays nothing out.
for (const side of ["clientWidth", "clientHeight"]) {
  Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 800 });
}

const result = (name: string) => message<{ result: Record<string, unknown> }>(name).result;
const { standing: ended } = result("reply_grid") as { standing: Record<string, unknown> };
const { standing: running } = result("reply_ask") as { standing: Record<string, unknown> };

/** Two rows and three columns; the one in the middle of the first row has no picture. */
const cells = [0, 1].flatMap((row) =>
  [0, 1, 2].map((column) => ({
    name: `${row}${column}`,
    at: [[row, column]],
    id: row === 0 && column === 1 ? null : `r${row}${column}:0`,
    width: 1152,
    height: 864,
    words: "a fox",
    failed: false,
  })),
);
const axes = [
  { name: "prompt", labels: ["a fox", "an owl"] },
  { name: "seed", labels: ["1", "2", "3"] },
];

const fal = (high: string) => ({ backend: "fal", bills: true, high });

/** The next press is a gesture of its own. */
const later = () => pass(1100);

async function opened(standing = ended) {
  const model = new FakeModel({ ...initialTraits(), _view: "sheet", _picked: [] });
  const grid = { name: "foxes", axes, cells, standing };
  model.onSend = ({ kind }: Sent) =>
    kind === "grid" ? grid : kind === "look" || kind === "receipt" ? {} : undefined;
  const view = await mount({}, model);
  await doing(() => {});
  return { view, model };
}

it("says how far it is, and asks for what the button says", async () => {
  const { view, model } = await opened();
  const bar = view.root.querySelector("header") as HTMLElement;
  expect(bar.textContent).toContain("5 of 6 pictures · $0.24 of about $0.27");
  expect(view.root.textContent).toContain("1 refused by a safety checker");
  await click(button(view, "Retry 1 request, about $0.03"));
  expect(model.last("ask")).toMatchObject({ retry: false, cells: 1, terms: fal("0.03") });
  await doing(() => model.reply(model.last("ask"), { standing: running }));
  expect(bar.textContent).toContain("about 20 s left (2 at once)");
  expect(within(bar).queryByRole("button", { name: /Retry/ })).toBeNull();
  await click(button(view, "Cancel"));
  await doing(() => model.reply(model.last("stop"), { standing: ended }));
  expect(within(bar).queryByRole("button", { name: "Cancel" })).toBeNull();
  expect(view.root.querySelector("[role=status]")?.textContent).toContain("The run has ended");
});

it("tells of no run that its kernel left, and how to have the rest", async () => {
  const { view, model } = await opened(running);
  const bar = view.root.querySelector("header") as HTMLElement;
  expect(bar.textContent).toContain("about 20 s left (2 at once)");
  model.dead = true;
  await click(button(view, "Cancel"));
  expect(bar.textContent).toBe("foxes5 of 6 pictures");
  expect(ui(view).queryByRole("progressbar")).toBeNull();
  expect(view.root.querySelector(".sd-banner")?.textContent).toBe(
    "The kernel is gone. Run the cell again. Results are in your library. " +
      "Run the batch again for the rest: nothing is paid for twice.",
  );
  expect(view.root.querySelector("[role=status]")?.textContent).not.toContain("The run has ended");
});

it("shows why a press is refused, and the button as it is now", async () => {
  const { view, model } = await opened();
  await click(button(view, /^Retry/));
  const now = {
    ...ended,
    asks: [{ words: "Retry 1 request, about $0.09", cells: 1, terms: fal("0.09"), retry: false }],
  };
  await doing(() => {
    model.refuse(model.last("ask"), "this is $0.09 now", "terms");
    model.say({ kind: "cells", cells: [], standing: now });
  });
  expect(ui(view).getByRole("alert").textContent).toBe("this is $0.09 now");
  later();
  await click(button(view, "Retry 1 request, about $0.09"));
  expect(model.last("ask").terms).toEqual(fal("0.09"));
});

it("takes presses within a second for one, whatever the button has become", async () => {
  const { view, model } = await opened();
  const at = { detail: 1, clientX: 9, clientY: 9 };
  const hit = (name: string | RegExp) => doing(() => fireEvent.click(button(view, name), at));
  pass(0);
  await hit(/^Retry/);
  await hit(/^Retry/);
  await doing(() => model.reply(model.last("ask"), { standing: running }));
  await hit("Cancel"); // it came under the hand
  expect(model.of("stop")).toEqual([]);
  await doing(() => model.say({ kind: "cells", cells: [], standing: ended }));
  await hit(/^Retry/); // all failed at once
  expect(model.of("ask")).toHaveLength(1);
  later();
  await hit(/^Retry/);
  expect(model.of("ask")).toHaveLength(2);
});

it("has a picture that is too large scaled at the second press alone", async () => {
  const { view, model } = await opened();
  await click(button(view, "Save as PNG"));
  expect(model.last("export")).toMatchObject({ format: "png", x: "seed", fit: false });
  await doing(() => model.refuse(model.last("export"), "too many megapixels", "edge"));
  expect(ui(view).getByRole("alert").textContent).toBe("too many megapixels");
  await click(button(view, "Save as PNG"));
  expect(model.last("export").fit).toBe(true);
});

it("steps along its axes in the viewer", async () => {
  const { view } = await opened();
  const grid = ui(view).getByRole("grid");
  await press(grid, "Enter");
  await doing(() => {});
  const dialog = ui(view).getByRole("dialog");
  const at = () => dialog.querySelector("header b")?.textContent;
  expect(at()).toBe("1 of 5");
  await press(dialog, "ArrowRight");
  expect(at()).toBe("2 of 5"); // past what has no picture
  await press(dialog, "ArrowDown");
  expect(at()).toBe("5 of 5");
  await press(dialog, "ArrowDown");
  expect(at()).toBe("5 of 5");
  await press(dialog, "ArrowLeft");
  await press(dialog, "ArrowUp"); // nothing is above it
  expect(at()).toBe("4 of 5");
  await press(dialog, "PageUp"); // in reading order
  expect(at()).toBe("3 of 5");
});

it("follows keys that come faster than it is drawn", async () => {
  const { view, model } = await opened();
  const grid = ui(view).getByRole("grid", { name: "Sheet" });
  await doing(() => {
    for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", " "]) {
      grid.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
  });
  expect(model.get("_picked")).toEqual(["r12:0"]);
});
