import { expect, it } from "vitest";
import { type Endpoint, endpointOf, type Facts, facts } from "../../src/form/facts";
import { initialForm } from "../../src/form/fields";
import { formatMoney, parseMicros } from "../../src/form/money";
import { estimate } from "../../src/form/price";
import { read } from "../../src/kernel/parse";
import { message } from "../fake";

it.each([
  ["0.03", "$0.03"],
  ["0.0675", "$0.0675"],
  ["0.10", "$0.10"],
  ["12", "$12.00"],
  ["0.270000", "$0.27"],
  ["1234.5", "$1234.50"],
])("writes %s as %s", (amount, text) => {
  expect(formatMoney(parseMicros(amount))).toBe(text);
});

const all = read(facts, message("facts")) as Facts;
const form = { ...initialForm, prompt: "a fox" };

it.each([
  ["v4", {}, 0, "1 image · about $0.03"],
  ["v4", { num_images: 2 }, 3, "2 images · about $0.06"],
  ["v4", { num_images: 2, max_images: 6 }, 0, "2–12 images · $0.06 to $0.36"],
  ["v4.5", { num_images: 3 }, 0, "3 images · about $0.12"],
  ["v5-flash", { num_images: 3, max_images: 6 }, 0, "3 images · about $0.081"],
  ["v5-pro", { image_size: [1536, 1536] }, 0, "1 image · about $0.0675"],
  ["v5-pro", { image_size: [1537, 1536] }, 0, "1 image · about $0.135"],
  ["v5-pro", { image_size: "square" }, 0, "1 image · about $0.0675"],
  ["v5-pro", { image_size: "auto_2K", num_images: 2 }, 0, "2 images · $0.135 to $0.27"],
  ["v5-pro", { image_size: [1024, 1024], num_images: 2 }, 3, "2 images · about $0.153"],
  ["v5-pro", { image_size: [4096, 4096] }, 0, "1 image · about $0.135"],
  ["v5.5", { image_size: [1740, 1500] }, 0, "1 image · about $0.03"],
  ["v5.5", { image_size: [1741, 1500] }, 0, "1 image · about $0.0405"],
  ["v5.5", { image_size: [Number.NaN, 10] }, 0, "1 image · $0.03 to $0.0405"],
  ["v4", { num_images: Number.NaN }, 0, ""],
] as const)("estimates %s %j with %d references", (model, change, references, text) => {
  const endpoint = endpointOf(all, model, references) as Endpoint;
  const asked = { ...form, model, ...(change as object) };
  expect(estimate(all, endpoint, asked, references, true)).toBe(text);
});

it("is free offline", () => {
  const endpoint = endpointOf(all, "v4", 0) as Endpoint;
  const asked = { ...form, num_images: 2 };
  expect(estimate(all, endpoint, asked, 0, false)).toBe("2 images · free, offline");
});
