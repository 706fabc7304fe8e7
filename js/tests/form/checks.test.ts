import { expect, it } from "vitest";
import { blocker, check, isWritable, mentionHint } from "../../src/form/checks";
import { type Facts, facts, noFacts } from "../../src/form/facts";
import { initialForm } from "../../src/form/fields";
import { read } from "../../src/kernel/parse";
import { message } from "../fake";

const all = read(facts, message("facts")) as Facts;
const form = { ...initialForm, model: "v4", prompt: "a fox" };
const why = (change: object, references = 0, uploading = 0) =>
  blocker(check(all, { ...form, ...change }, references), uploading, all);

it("lets a good form through", () => {
  expect(why({})).toBeNull();
  expect(why({ num_images: 5 }, 10)).toBeNull();
});

it.each([
  [{ prompt: " \n" }, 0, 0, "Write a prompt first."],
  [{ num_images: 6 }, 10, 0, "10 references and 6 results make 16"],
  [{ image_size: [512, 512] }, 0, 0, "Choose a size"],
  [{ num_images: 7 }, 0, 0, "Images takes a whole number from 1 to 6."],
  [{ max_images: Number.NaN }, 0, 0, "Up to takes a whole number from 1 to 6."],
  [{ seed: 2 ** 31 }, 0, 0, "Seed takes a whole number from 0"],
  [{}, 1, 2, "Waiting for 2 images."],
  [{ model: "v9" }, 0, 0, "Choose a model."],
  [{ model: "v5.5" }, 1, 0, "V5.5 has no edit endpoint here yet. Remove the references"],
  [{ model: "v5-flash", image_size: [512, 512] }, 0, 0, "Choose a size"],
])("stops %j with %d references and %d uploads", (change, references, uploading, text) => {
  expect(why(change, references, uploading)).toContain(text);
});

it("passes over what the model does not take", () => {
  const left = { seed: 2 ** 31, max_images: Number.NaN };
  expect(why(left)).not.toBeNull();
  expect(why({ ...left, model: "v5-flash" })).toBeNull();
});

it("takes a small size for edit, where fal scales up", () => {
  expect(why({ image_size: [512, 512] }, 1)).toBeNull();
});

it("says so when no facts have come", () => {
  expect(blocker(check(noFacts, form, 0), 0, noFacts)).toContain("has not told which models");
});

it.each([
  ["num_images", { num_images: 9 }, false],
  ["num_images", { num_images: 6 }, true],
  ["seed", { seed: Number.NaN }, false],
  ["seed", { seed: null }, true],
  ["image_size", { image_size: [Number.NaN, 5] }, false],
  ["image_size", { image_size: "auto" }, true],
  ["prompt", {}, true],
] as const)("knows whether %s of %j may be written", (name, change, writable) => {
  expect(isWritable(all, name, { ...form, ...change })).toBe(writable);
});

it.each([
  ["Dress image 1 in the coat of Figure 2", 2, null],
  ["Dress image 1 in the coat of Figure 5", 2, "image 5, but there are 2 reference images"],
  ["image 2 at night", 1, "there is 1 reference image."],
  ["like image 1", 0, "there are no reference images"],
  ["an image 16:9 wide", 0, null],
  ["a skater draws a figure 8", 0, null],
  ["a wall of pictures, picture 4 hangs askew", 0, null],
  ["image 3 of 12 in a series", 0, null],
  ["image 1: a fox. Image 2: a bear", 0, null],
  ["a poster that says “Image 4”", 0, null],
  ['image 1 with the words "image 4"', 1, null],
  ["image 3840 wide", 0, null],
])("hints at what %j names", (prompt, references, hint) => {
  const told = mentionHint(prompt, references);
  if (hint === null) expect(told).toBeNull();
  else expect(told).toContain(hint);
});
