import { expect, it } from "vitest";
import { estimate, formatMoney, micros } from "../../src/form/money";

it.each([
  ["0.03", "$0.03"],
  ["0.0675", "$0.0675"],
  ["0.10", "$0.10"],
  ["12", "$12.00"],
  ["0.270000", "$0.27"],
  ["1234.5", "$1234.50"],
])("writes %s as %s", (amount, text) => {
  expect(formatMoney(micros(amount))).toBe(text);
});

const order = { num_images: 1, max_images: 1, price: "0.03", bills: true };

it.each([
  [order, "1 image · about $0.03"],
  [{ ...order, num_images: 2 }, "2 images · about $0.06"],
  [{ ...order, num_images: 2, max_images: 6 }, "2–12 images · $0.06 to $0.36"],
  [{ ...order, num_images: 3, price: "0.1" }, "3 images · about $0.30"],
  [{ ...order, num_images: 6, max_images: 6, price: "0.0675" }, "6–36 images · $0.405 to $2.43"],
  [{ ...order, num_images: 2, bills: false }, "2 images · free, offline"],
  [{ ...order, max_images: 3, bills: false }, "1–3 images · free, offline"],
  [{ ...order, num_images: Number.NaN }, ""],
])("estimates %j", (given, text) => {
  expect(estimate(given)).toBe(text);
});
