import { describe, expect, it } from "vitest";
import { type Endpoint, type Facts, facts } from "../../src/form/facts";
import {
  allows,
  choiceOf,
  enlarged,
  nearest,
  ratios,
  sizeOfShape,
  sizeProblem,
  tiersOf,
} from "../../src/form/sizes";
import { read } from "../../src/kernel/parse";
import type { Size } from "../../src/kernel/wire";
import { message } from "../fake";

interface Case {
  model: string;
  endpoint: string;
  size: Size;
  allowed: boolean;
  nearest: Size;
}

const all = read(facts, message("facts")) as Facts;
const endpoint = (model: string, kind: string): Endpoint =>
  all.models.find((row) => row.name === model)?.endpoints[kind] as Endpoint;
const text = (model: string) => endpoint(model, "text-to-image");

describe("the rules, as the kernel has them", () => {
  it.each(Object.values(message<Record<string, Case>>("size_cases")))(
    "$model $endpoint $size",
    (row) => {
      const { rule } = endpoint(row.model, row.endpoint);
      expect(allows(rule, row.size)).toBe(row.allowed);
      expect(nearest(rule, row.size)).toEqual(row.nearest);
    },
  );
});

it("tells what fal makes of a small size", () => {
  expect(enlarged(endpoint("v4", "edit").rule, [700, 700])).toEqual([960, 960]);
  expect(enlarged(endpoint("v4", "edit").rule, [960, 960])).toBeNull();
  expect(enlarged(text("v4").rule, [700, 700])).toBeNull();
});

describe("shapes", () => {
  it("lists the ratios in order", () => {
    expect(ratios(all)).toEqual(["1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3", "21:9"]);
  });

  it.each([
    [[2304, 1728], "4:3", "2K"],
    [[2730, 4096], "2:3", "4K"],
    [[2000, 1000], "custom", null],
    ["auto", "auto", "Auto"],
    ["auto_4K", "auto", "4K"],
    ["portrait_4_3", null, null],
  ] as const)("finds the shape of %s", (size, shape, tier) => {
    expect(choiceOf(all, size)).toEqual({ shape, tier });
  });

  it("disables the tiers a rule refuses", () => {
    expect(tiersOf(all, text("v4.5"), "1:1").map((tier) => tier.allowed)).toEqual([
      false,
      true,
      true,
    ]);
    expect(tiersOf(all, text("v4"), "auto").map((tier) => tier.size)).toEqual([
      "auto",
      "auto_2K",
      "auto_4K",
    ]);
    expect(tiersOf(all, text("v4.5"), "auto").map((tier) => tier.name)).toEqual(["2K", "4K"]);
  });

  it("keeps the tier where it can", () => {
    expect(sizeOfShape(all, text("v4"), "16:9", "4K")).toEqual([4096, 2304]);
    expect(sizeOfShape(all, text("v4.5"), "16:9", "1K")).toEqual([2848, 1600]);
    expect(sizeOfShape(all, text("v4"), "4:3", null)).toEqual([2304, 1728]);
    expect(sizeOfShape(all, text("v4"), "auto", "2K")).toBe("auto_2K");
    expect(sizeOfShape(all, text("v4.5"), "auto", null)).toBe("auto_2K");
  });
});

describe("problems", () => {
  it("names the rule and the nearest size", () => {
    const problem = sizeProblem(text("v4"), "V4", [512, 512]);
    expect(problem?.message).toContain("921,600 to 16,777,216 pixels in all");
    expect(problem?.nearest).toEqual([960, 960]);
  });

  it("offers an auto size the model has", () => {
    expect(sizeProblem(text("v4.5"), "V4.5", "auto")?.nearest).toBe("auto_2K");
    expect(sizeProblem(text("v4"), "V4", "auto")).toBeNull();
    expect(sizeProblem(text("v4"), "V4", "huge")?.nearest).toBeNull();
  });

  it("says so while a number is half typed", () => {
    expect(sizeProblem(text("v4"), "V4", [Number.NaN, 100])?.message).toContain("whole numbers");
  });
});
