import { describe, expect, it } from "vitest";
import type { SheetCell } from "../../src/kernel/wire";
import {
  cellKey,
  cellsByPlace,
  firstLayout,
  rangeInSight,
  readingOrder,
  tallest,
  withAxis,
} from "../../src/sheet/layout";

const axis = (name: string, count: number) => ({
  name,
  labels: Array.from({ length: count }, (_, n) => `${name} ${n}`),
});
const cell = (name: string, ...at: number[][]): SheetCell => ({
  name,
  at,
  id: null,
  width: 0,
  height: 0,
  words: "",
  failed: false,
});

describe("the layout of a sheet", () => {
  it("lays the last axis with several values across and the one before down", () => {
    const axes = [axis("model", 2), axis("prompt", 3), axis("draw", 1), axis("seed", 4)];
    expect(firstLayout(axes)).toEqual({ x: 3, y: 1, at: [0, 0, 0, 0] });
    expect(firstLayout([axis("seed", 4)])).toEqual({ x: 0, y: -1, at: [0] });
    expect(firstLayout([])).toEqual({ x: -1, y: -1, at: [] });
  });

  it("swaps two axes where one takes the other's way", () => {
    const layout = { x: 1, y: 0, at: [0, 0, 0] };
    expect(withAxis(layout, "x", 0)).toEqual({ x: 0, y: 1, at: [0, 0, 0] });
    expect(withAxis(layout, "x", 2)).toEqual({ x: 2, y: 0, at: [0, 0, 0] });
  });

  it("shows one layer of further axes, and a cell at each of its places", () => {
    const cells = [cell("a", [0, 0, 0], [0, 1, 0]), cell("b", [1, 0, 0]), cell("c", [0, 0, 1])];
    const layout = { x: 2, y: 1, at: [0, 0, 0] };
    expect([...cellsByPlace(cells, layout)].map(([at, { name }]) => [at, name])).toEqual([
      [cellKey(0, 0), "a"],
      [cellKey(1, 0), "a"],
      [cellKey(0, 1), "c"],
    ]);
    expect([...cellsByPlace(cells, { ...layout, at: [1, 0, 0] }).values()]).toEqual([cells[1]]);
  });

  it("keeps what is near the screen alone in the page", () => {
    expect(rangeInSight(30, 100, 0, 450)).toEqual([0, 6]);
    expect(rangeInSight(30, 100, 1000, 450)).toEqual([9, 16]);
    expect(rangeInSight(30, 100, 2900, 450)).toEqual([28, 30]);
    expect(rangeInSight(0, 100, 0, 450)).toEqual([0, 0]);
  });
});

describe("the way through the pictures of a sheet", () => {
  const there = (name: string, ...at: number[][]): SheetCell => ({
    ...cell(name, ...at),
    id: name,
  });
  const cells = [
    there("a", [0, 0], [1, 1]),
    cell("not asked yet", [0, 1]),
    there("b", [0, 2]),
    there("c", [1, 0]),
    there("d", [2, 2]),
  ];
  const layout = { x: 1, y: 0, at: [0, 0] };
  const { list, index } = readingOrder(cellsByPlace(cells, layout), 3, 3);
  const from = (row: number, column: number) => index.get(cellKey(row, column)) ?? -1;

  it("is in reading order, past what has no picture", async () => {
    expect(list.total).toBe(5);
    const ids = await Promise.all([0, 1, 2, 3, 4].map((at) => list.at(at)));
    expect(ids).toEqual(["a", "b", "c", "a", "d"]);
  });

  it("goes along the axis across and the axis down, over gaps, and ends at the edges", () => {
    expect(list.along?.(from(0, 0), 1, 0)).toBe(from(0, 2));
    expect(list.along?.(from(0, 2), -1, 0)).toBe(from(0, 0));
    expect(list.along?.(from(0, 2), 0, 1)).toBe(from(2, 2));
    expect(list.along?.(from(1, 1), 0, -1)).toBe(from(1, 1));
    expect(list.along?.(from(2, 2), 1, 0)).toBe(from(2, 2));
    expect(list.along?.(from(1, 0), 0, -1)).toBe(from(0, 0));
  });
});

it("gives rows the height of the tallest picture, within bounds", () => {
  const of = (width: number, height: number) => ({ ...cell("a"), width, height });
  expect(tallest([])).toBe(1);
  expect(tallest([of(0, 0), of(1152, 864)])).toBe(0.75);
  expect(tallest([of(1152, 864), of(1024, 1536)])).toBe(1.5);
  expect(tallest([of(100, 1600)])).toBe(2);
  expect(tallest([of(1600, 100)])).toBe(0.5);
});
