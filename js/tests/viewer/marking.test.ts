/** A region of a picture, marked by a drag or in numbers, goes with the next request. */
import { fireEvent } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Box, withEdge, within } from "../../src/viewer/Marking";
import { unmountAll, type View } from "../mount";
import { button, card, click, doing, field, prompt, reference, type, ui, withJobs } from "../ui";

const CARD = card("job_completed");

beforeEach(() => {
  URL.createObjectURL = vi.fn(() => "blob:picture");
  URL.revokeObjectURL = vi.fn();
});
afterEach(unmountAll);

it.each([
  [
    [10, 10, 30, 20],
    [10, 10, 30, 20],
  ],
  [
    [30, 20, 10, 10],
    [10, 10, 30, 20],
  ],
  [
    [-5, -5, 500, 500],
    [0, 0, 100, 80],
  ],
  [
    [100, 80, 100, 80],
    [99, 79, 100, 80],
  ],
  [
    [5.4, 5.6, 7.5, 8.4],
    [5, 6, 8, 8],
  ],
])("a box %j lies within the picture as %j", (box, wanted) => {
  expect(within(box as [number, number, number, number], { width: 100, height: 80 })).toEqual(
    wanted,
  );
});

it.each([
  [0, 5, [5, 10, 30, 20]],
  [0, 40, [40, 10, 41, 20]],
  [1, 30, [10, 30, 30, 31]],
  [2, 4, [3, 10, 4, 20]],
  [3, 60, [10, 10, 30, 60]],
  [1, 500, [10, 79, 30, 80]],
  [2, 0, [0, 10, 1, 20]],
])("edge %i typed as %i stands, beyond the other one too", (side, edge, wanted) => {
  const box: Box = [10, 10, 30, 20];
  expect(withEdge(box, side, edge, { width: 100, height: 80 })).toEqual(wanted);
});

function answers(view: View) {
  view.model.onSend = ({ kind, references }: { kind: string; references?: string[] }) => {
    if (kind === "use_result") {
      view.model.set("_references", [reference("own"), reference("picture")]);
      return { reference: reference("picture") };
    }
    if (kind === "arrange") view.model.set("_references", (references ?? []).map(reference));
    if (kind === "receipt") return { rows: [], inputs: [], line: [] };
    return {};
  };
}

it("is marked by keys, sent with image 1, and forgotten with it", async () => {
  const view = await withJobs([CARD], { _references: [reference("own")] });
  answers(view);
  await click(button(view, /^View image 1/));
  await click(button(view, "Mark a region"));
  const left = field(view, "Left");
  await doing(() => {
    left.value = "7";
    fireEvent.change(left);
  });
  await click(button(view, "Change this region"));
  expect(view.model.last("use_result")).toMatchObject({ exact: true });
  expect(ui(view).queryByRole("dialog")).toBeNull();
  expect(view.root.textContent).toContain("Only a region of image 1 changes: 7, ");
  await type(prompt(view), "a green hat");
  await click(button(view, /^Generate/));
  const { form } = view.model.last("submit") as unknown as { form: { mask?: number[] } };
  expect(form.mask?.[0]).toBe(7);
  expect(form.mask).toHaveLength(4);
  await click(button(view, "Remove image 1"));
  expect(view.root.textContent).not.toContain("Only a region");
});

it("costs what its marked copy and the picture's own shape cost, before the press", async () => {
  const view = await withJobs([CARD], { model: "v5-pro", image_size: [1024, 1024] });
  answers(view);
  await click(button(view, /^View image 1/));
  await click(button(view, "Mark a region"));
  await click(button(view, "Change this region"));
  await type(prompt(view), "a green hat");
  // Two references at most come along, and 2304 x 1728 asks for the dearer pixels.
  await click(button(view, "Remove image 2"));
  const go = button(view, /^Generate/);
  expect(go.textContent).toContain("$0.1395");
  await click(go);
  expect(view.model.last("submit")).toMatchObject({ terms: { high: "0.1395" } });
  await click(button(view, "Clear"));
  expect(go.textContent).toContain("$0.0675");
});

it("can be cleared", async () => {
  const view = await withJobs([CARD], { _references: [reference("own")] });
  answers(view);
  await click(button(view, /^View image 1/));
  await click(button(view, "Mark a region"));
  await click(button(view, "Change this region"));
  await click(button(view, "Clear"));
  await type(prompt(view), "a green hat");
  await click(button(view, /^Generate/));
  expect((view.model.last("submit") as unknown as { form: object }).form).not.toHaveProperty(
    "mask",
  );
});
