/** "@" names a reference, its tile lights up, and moved images are renumbered. */
import { fireEvent, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askedFor, mentionAt, mentions, renumbered } from "../../src/files/mentions";
import { mount, unmountAll, type View } from "../mount";
import { button, click, doing, pass, press, prompt, reference, ui } from "../ui";

beforeEach(() => {
  URL.createObjectURL = vi.fn(() => "blob:picture");
  URL.revokeObjectURL = vi.fn();
});
afterEach(unmountAll);

const THREE = { _references: ["fox", "coat", "hat"].map(reference) };
const tiles = (view: View) =>
  within(ui(view).getByRole("list", { name: "Reference images" })).getAllByRole("listitem");
const lit = (view: View) =>
  tiles(view).flatMap((tile, index) => (tile.classList.contains("sd-lit") ? [index + 1] : []));
const options = (view: View) => [...view.root.querySelectorAll("[role=option]")];
const chosen = (view: View) =>
  options(view).find((option) => option.getAttribute("aria-selected") === "true")?.textContent;

/** Type as a person does: the caret stands behind what was typed. */
const write = (view: View, text: string) =>
  doing(() => {
    const area = prompt(view);
    area.value = text;
    area.setSelectionRange(text.length, text.length);
    fireEvent.input(area);
  });

it.each([
  ["@", 1, ""],
  ["dress @", 7, ""],
  ["dress @Ha", 9, "ha"],
  ["(@2", 3, "2"],
  ["me@home", 7, null],
  ["dress @ ", 8, null],
  ["no sign", 3, null],
])("in %j at %i asks for %j", (text, caret, word) => {
  expect(askedFor(text, caret)?.word ?? null).toBe(word);
});

it("knows the name that the caret stands in", () => {
  const text = "put image 2 on Figure 1";
  expect([3, 4, 8, 11, 12, 23].map((at) => mentionAt(text, at))).toEqual([0, 2, 2, 2, 0, 1]);
  expect(mentions("图3的外套").map(({ number }) => number)).toEqual([3]);
});

it.each([
  ["image 1 on image 2", ["b", "a", "c"], "image 2 on image 1"],
  ["Figure 3, image 3", ["c", "a", "b"], "Figure 1, image 1"],
  ["image 2 and image 1", ["b", "c"], "image 1 and [removed image]"],
  ["image 7 16:9", ["c", "b", "a"], "image 7 16:9"],
])("renumbers %j for %j", (text, after, wanted) => {
  expect(renumbered(text, ["a", "b", "c"], after)).toBe(wanted);
});

describe("@ in the prompt", () => {
  it("offers the references, moves by arrows and inserts by Enter", async () => {
    const view = await mount(THREE);
    await write(view, "dress @");
    expect(options(view).map((option) => option.textContent)).toEqual([
      "image 1fox.png",
      "image 2coat.png",
      "image 3hat.png",
    ]);
    expect(lit(view)).toEqual([1]);
    const area = prompt(view);
    expect(area.getAttribute("aria-activedescendant")).toBe(options(view)[0]?.id);
    await press(area, "ArrowDown");
    await press(area, "ArrowDown");
    expect(chosen(view)).toBe("image 3hat.png");
    await press(area, "ArrowDown");
    await press(area, "ArrowUp");
    await doing(() => fireEvent.keyUp(area, { key: "ArrowUp" }));
    expect(lit(view)).toEqual([3]);
    await press(area, "Enter");
    expect(area.value).toBe("dress image 3");
    expect(options(view)).toEqual([]);
    expect(view.model.sent.some(({ kind }) => kind === "submit")).toBe(false);
    expect(lit(view)).toEqual([3]);
  });

  it("finds by name and by number, and closes by Escape", async () => {
    const view = await mount(THREE);
    await write(view, "a @coa");
    expect(options(view).map((option) => option.textContent)).toEqual(["image 2coat.png"]);
    await press(prompt(view), "Escape");
    await doing(() => fireEvent.keyUp(prompt(view), { key: "Escape" }));
    expect(options(view)).toEqual([]);
    await write(view, "a @3");
    await click(options(view)[0] as Element);
    expect(prompt(view).value).toBe("a image 3");
    await write(view, "a @nothing");
    expect(options(view)).toEqual([]);
  });

  it("is a sign like others where there are no references", async () => {
    const view = await mount();
    await write(view, "mail @");
    expect(options(view)).toEqual([]);
  });

  it("lights the tile that the caret stands at", async () => {
    const view = await mount(THREE);
    await write(view, "the coat of image 2");
    expect(lit(view)).toEqual([2]);
    prompt(view).setSelectionRange(0, 0);
    await doing(() => fireEvent.keyUp(prompt(view), { key: "Home" }));
    expect(lit(view)).toEqual([]);
  });
});

describe("an image that is not there", () => {
  const presses = (view: View) => view.model.sent.filter(({ kind }) => kind === "submit").length;

  it("is told at the first press and sent at the second", async () => {
    const view = await mount(THREE);
    await write(view, "dress image 4");
    pass(0);
    await click(button(view, /^Generate/));
    expect(presses(view)).toBe(0);
    expect(prompt(view).getAttribute("aria-invalid")).toBe("true");
    expect(view.root.textContent).toContain("Press Generate again to send it all the same.");
    await click(button(view, /^Generate/));
    expect(presses(view), "a double click is one press").toBe(0);
    pass(1500);
    await click(button(view, /^Generate/));
    expect(presses(view)).toBe(1);
  });

  it("is told anew where the prompt is another, and forgotten where the images are", async () => {
    const view = await mount(THREE);
    await write(view, "dress image 4");
    await click(button(view, /^Generate/));
    pass(1500);
    await write(view, "dress image 5");
    expect(prompt(view).getAttribute("aria-invalid")).toBe("false");
    await click(button(view, /^Generate/));
    expect(presses(view)).toBe(0);
    await click(button(view, "Remove image 1"));
    expect(prompt(view).getAttribute("aria-invalid")).toBe("false");
  });
});

describe("moved images", () => {
  it("offer to renumber the prompt, with undo", async () => {
    const view = await mount(THREE);
    await write(view, "dress image 1 in image 2");
    view.model.onSend = ({ kind, references }: { kind: string; references?: string[] }) => {
      if (kind === "arrange") view.model.set("_references", (references ?? []).map(reference));
      return {};
    };
    await press(tiles(view)[0] as Element, "ArrowRight", { altKey: true });
    await click(button(view, "Renumber"));
    expect(prompt(view).value).toBe("dress image 2 in image 1");
    expect(ui(view).queryByRole("button", { name: "Renumber" })).toBeNull();
    await click(button(view, "Undo"));
    expect(prompt(view).value).toBe("dress image 1 in image 2");
  });

  it("count from where the prompt was right, over several moves, and back", async () => {
    const view = await mount(THREE);
    view.model.onSend = ({ kind, references }: { kind: string; references?: string[] }) => {
      if (kind === "arrange") view.model.set("_references", (references ?? []).map(reference));
      return {};
    };
    await write(view, "dress image 1");
    await press(tiles(view)[0] as Element, "ArrowRight", { altKey: true });
    await press(tiles(view)[1] as Element, "ArrowRight", { altKey: true });
    await click(button(view, "Leave"));
    expect(prompt(view).value).toBe("dress image 1");
    await press(tiles(view)[0] as Element, "ArrowRight", { altKey: true });
    await press(tiles(view)[1] as Element, "ArrowLeft", { altKey: true });
    expect(ui(view).queryByRole("button", { name: "Renumber" })).toBeNull();
  });

  it("offer nothing where the prompt names none", async () => {
    const view = await mount(THREE);
    await write(view, "a collage");
    await press(tiles(view)[0] as Element, "ArrowRight", { altKey: true });
    expect(ui(view).queryByRole("button", { name: "Renumber" })).toBeNull();
  });
});
