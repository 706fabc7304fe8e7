/** From a picture to the next request: edit it, vary it, and what is missing of a set. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { unmountAll, type View } from "../mount";
import { button, card, click, pass, prompt, reference, type, ui, withJobs } from "../ui";

const CARD = card("job_completed");
const [first] = CARD.images;
const id = first?.id ?? "";

beforeEach(() => {
  URL.createObjectURL = vi.fn(() => "blob:picture");
  URL.revokeObjectURL = vi.fn();
});
afterEach(unmountAll);

/** Answer as the kernel does: what is asked for is in the form before the answer comes. */
function answers(view: View) {
  view.model.onSend = ({ kind, references }: { kind: string; references?: string[] }) => {
    if (kind === "use_result") {
      view.model.set("_references", [reference("own"), reference("picture")]);
      return { reference: reference("picture") };
    }
    if (kind === "arrange") view.model.set("_references", (references ?? []).map(reference));
    if (kind === "ask_again") {
      view.model.set("prompt", CARD.prompt);
      view.model.set("seed", null);
    }
    return {};
  };
}

it("makes a picture image 1 of the next request, with undo", async () => {
  const view = await withJobs([CARD], { _references: [reference("own")] });
  answers(view);
  await type(prompt(view), "image 1 in snow");
  await click(button(view, /^Edit image 1/));
  expect(view.model.last("use_result").image_id).toBe(id);
  expect(view.model.last("arrange").references).toEqual(["picture", "own"]);
  expect(prompt(view).value, "what was typed stays").toBe("image 1 in snow");
  expect(button(view, "Renumber")).toBeTruthy();
  await click(button(view, "Undo"));
  expect(view.model.last("arrange").references).toEqual(["own"]);
});

it("takes the next step from a picture in the place of the one before, with undo", async () => {
  const made = { ...CARD, form: { ...CARD.form, references: ["own", "style"] } };
  const view = await withJobs([made], { _references: [reference("own"), reference("style")] });
  view.model.onSend = ({ kind, references, image_id }) => {
    if (kind === "use_result") {
      const name = String(image_id);
      view.model.set("_references", [...(view.model.get("_references") as []), reference(name)]);
      return { reference: reference(name) };
    }
    if (kind === "arrange") view.model.set("_references", (references as string[]).map(reference));
    return {};
  };
  const order = () => view.model.last("arrange").references;
  await type(prompt(view), "image 1 in the style of image 2");
  // It was made of image 1, which it replaces: the numbers in the prompt stay right.
  await click(button(view, /^Edit image 1/));
  expect(order()).toEqual([id, "style"]);
  expect(ui(view).queryByRole("button", { name: "Renumber" })).toBeNull();
  // A branch from another picture replaces what was being edited.
  await click(button(view, /^Edit image 2/));
  expect(order()).toEqual([CARD.images[1]?.id, "style"]);
  await click(button(view, "Undo"));
  expect(order()).toEqual([id, "style"]);
});

it("varies, and never takes what is being written without undo", async () => {
  const view = await withJobs([CARD]);
  answers(view);
  await type(prompt(view), "an idea half written");
  await click(button(view, "Vary"));
  expect(view.model.last("ask_again")).toMatchObject({ image_id: id, how: "vary" });
  expect(view.model.sent.some(({ kind }) => kind === "submit")).toBe(false);
  expect(prompt(view).value).toBe(CARD.prompt);
  await click(button(view, "Undo"));
  expect(prompt(view).value).toBe("an idea half written");
});

it("takes a double click for one", async () => {
  const view = await withJobs([CARD]);
  answers(view);
  await type(prompt(view), "an idea half written");
  pass(0);
  for (const name of ["Vary", /^Edit image 1/, /^Use image 1/]) {
    await click(button(view, name));
    await click(button(view, name));
  }
  expect(view.model.of("ask_again")).toHaveLength(1);
  expect(view.model.of("use_result")).toHaveLength(2);
  expect(button(view, "Undo")).toBeTruthy();
});

it("says where fewer came than were asked for, and asks for the missing one", async () => {
  const count = CARD.images.length;
  const set = { ...CARD, form: { ...CARD.form, num_images: 1, max_images: count + 1 } };
  const view = await withJobs([set]);
  answers(view);
  expect(view.root.textContent).toContain(`Asked ${count + 1}, got ${count}.`);
  await click(button(view, "Ask for the missing one"));
  expect(view.model.last("ask_again")).toMatchObject({ image_id: id, how: "missing" });
});

it("says nothing of a set that is whole", async () => {
  const view = await withJobs([
    { ...CARD, form: { ...CARD.form, num_images: CARD.images.length, max_images: 1 } },
  ]);
  expect(ui(view).queryByRole("button", { name: /missing/ })).toBeNull();
});

it("writes a series into the prompt and sets its count, with undo", async () => {
  const view = await withJobs([]);
  expect(ui(view).queryByRole("button", { name: /series/ })).toBeNull();
  await type(prompt(view), "a fox through the day");
  await click(button(view, "Ask for a series of 4"));
  expect(prompt(view).value).toBe("Generate a series of 4 coherent images: a fox through the day");
  expect(view.model.traits).toMatchObject({ max_images: 4 });
  await type(ui(view).getByRole("spinbutton", { name: "Up to" }), "6");
  await click(button(view, "Ask for a series of 6"));
  expect(prompt(view).value).toBe("Generate a series of 6 coherent images: a fox through the day");
  await click(button(view, "Undo"));
  expect(view.model.traits).toMatchObject({ max_images: 6 });
  expect(prompt(view).value).toContain("series of 4");
});
