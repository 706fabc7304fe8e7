import { afterEach, expect, it } from "vitest";
import { mount, unmountAll, type View } from "../mount";
import { click, doing, type, ui } from "../ui";

const body = document.body;
afterEach(() => {
  unmountAll();
  body.replaceChildren();
  body.className = "";
  Reflect.deleteProperty(body, "sdForm");
});

const prompt = (view: View) =>
  ui(view).getByRole<HTMLTextAreaElement>("textbox", { name: "Prompt" });
const undo = (view: View) => ui(view).queryByRole("button", { name: "Undo" });

/** A studio in a cell, whose kernel goes before something is typed. */
async function typedWithoutAKernel(words: string) {
  body.className = "jp-Cell";
  const view = await mount();
  view.model.dead = true;
  await doing(() => {
    Object.assign(view.model, { comm_live: false });
    view.model.emit("comm_live_update");
  });
  await type(prompt(view), words);
  return view;
}

it("is offered once by the next studio of the same cell", async () => {
  const gone = await typedWithoutAKernel("a red fox");
  gone.end();
  const next = await mount({ prompt: "an owl" });
  expect(prompt(next).value, "nothing is replaced by itself").toBe("an owl");
  await click(undo(next) as HTMLElement);
  expect(prompt(next).value).toBe("a red fox");
  expect(next.model.traits.prompt).toBe("a red fox");
  next.end();
  expect(undo(await mount({ prompt: "an owl" }))).toBeNull();
});

it("is not offered where the form is the same, nor in another cell", async () => {
  const gone = await typedWithoutAKernel("a red fox");
  gone.end();
  const same = await mount({ prompt: "a red fox" });
  expect(undo(same)).toBeNull();
  same.end();

  (await typedWithoutAKernel("a red fox")).end();
  body.className = "";
  expect(undo(await mount({ prompt: "an owl" }))).toBeNull();
});

it("is handed on by none of several in one cell, nor once its kernel answers", async () => {
  body.className = "jp-Cell";
  const other = await mount({ prompt: "a hare" });
  const gone = await typedWithoutAKernel("a red fox");
  gone.end();
  other.end();
  const next = await mount({ prompt: "an owl" });
  expect(undo(next)).toBeNull();
  next.end();

  const back = await typedWithoutAKernel("a red fox");
  back.model.dead = false;
  await doing(() => {
    Object.assign(back.model, { comm_live: true });
    back.model.emit("comm_live_update");
  });
  back.end();
  expect(undo(await mount({ prompt: "an owl" }))).toBeNull();
});
