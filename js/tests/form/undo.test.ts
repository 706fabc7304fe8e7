/** What fills the form again never destroys what is being written. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { mount, unmountAll } from "../mount";
import { button, card, click, doing, prompt, reference, type, ui, withJobs } from "../ui";

const CARD = card("job_completed");
const UNDO = { name: "Undo" };

beforeEach(() => {
  URL.createObjectURL = vi.fn(() => "blob:picture");
  URL.revokeObjectURL = vi.fn();
});
afterEach(unmountAll);

describe("Reuse", () => {
  it("offers to bring back the form that it replaced, whole", async () => {
    const view = await withJobs([CARD], { seed: 5, _references: [reference("own")] });
    await type(prompt(view), "an idea half written");
    await click(button(view, "Reuse"));
    await doing(() => view.model.set("_references", [reference("r1")]));
    expect(prompt(view).value).toBe(CARD.prompt);
    expect(ui(view).getByRole("status").textContent).toContain("Undo brings back");
    await click(button(view, "Undo"));
    expect(prompt(view).value).toBe("an idea half written");
    expect(view.model.traits).toMatchObject({ prompt: "an idea half written", seed: 5 });
    // The size is back with them: the kernel is not to take that of image 1.
    expect(view.model.last("arrange")).toMatchObject({ references: ["own"], sized: true });
    expect(ui(view).queryByRole("button", UNDO)).toBeNull();
  });

  it("says that the size is that of image 1, until another is chosen", async () => {
    const shaped = { image_size: [1152, 864], _shape: [1152, 864] };
    const view = await withJobs([], { ...shaped, _references: [reference("own")] });
    expect(view.root.textContent).toContain("1152 × 864 · 1.0 MP · shape of image 1");
    await click(ui(view).getByRole("radio", { name: "1:1" }));
    expect(view.root.textContent).not.toContain("shape of image 1");
    await click(button(view, "Remove image 1"));
    expect(view.model.last("arrange")).not.toHaveProperty("sized");
  });

  it("offers nothing where nothing was lost", async () => {
    const view = await withJobs([CARD]);
    await click(button(view, "Reuse"));
    expect(ui(view).queryByRole("button", UNDO)).toBeNull();
    await click(button(view, "Reuse"));
    expect(ui(view).queryByRole("button", UNDO)).toBeNull();
  });

  it("keeps the offer at the second half of a double click", async () => {
    const view = await withJobs([CARD]);
    await type(prompt(view), "an idea half written");
    await click(button(view, "Reuse"));
    await click(button(view, "Reuse"));
    await click(button(view, "Undo"));
    expect(prompt(view).value).toBe("an idea half written");
  });

  it("withdraws the offer once the prompt is written on, or sent", async () => {
    const view = await withJobs([CARD]);
    for (const goOn of [
      () => type(prompt(view), "and on"),
      () => click(button(view, /^Generate/)),
    ]) {
      await type(prompt(view), "an idea");
      await click(button(view, "Reuse"));
      expect(button(view, "Undo")).toBeTruthy();
      await goOn();
      expect(ui(view).queryByRole("button", UNDO)).toBeNull();
    }
  });
});

it("offers the same when a dropped picture sets the form", async () => {
  const view = await mount();
  await type(prompt(view), "an idea half written");
  const event = new Event("drop", { bubbles: true, cancelable: true, composed: true });
  const files = [new File(["x"], "a.png", { type: "image/png" })];
  Object.assign(event, { dataTransfer: { types: ["Files"], files, dropEffect: "none" } });
  await doing(() => prompt(view).dispatchEvent(event));
  const upload_id = view.model.last("upload").upload_id;
  await doing(() => {
    view.model.set("prompt", "from its receipt");
    view.model.say({ kind: "restored", upload_id, note: null });
  });
  await click(button(view, "Undo"));
  expect(prompt(view).value).toBe("an idea half written");
});

it("warns, and says so, when the prompt names an image that is not there", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const view = await mount();
  await type(prompt(view), "dress image 4");
  const words = ui(view).getByText(/names image 4, but there are no reference images/);
  const warning = words.closest("p") as HTMLElement;
  expect(warning.className).toContain("sd-warn");
  expect(prompt(view).getAttribute("aria-describedby")).toBe(warning.id);
  await doing(() => vi.advanceTimersByTime(600));
  expect(ui(view).getByRole("status").textContent).toBe(warning.textContent);
});
