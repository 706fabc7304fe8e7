/** A region painted with a brush: bounded, and no less than what was drawn. */
import { cleanup, fireEvent, render } from "@testing-library/preact";
import { useState } from "preact/hooks";
import { afterEach, expect, it } from "vitest";
import { initialBrush, Painting, type Stroke } from "../../src/viewer/Painting";

afterEach(cleanup);

const PICTURE = { width: 1200, height: 900 };

function mounted(first: Stroke[] = [], brush = 100) {
  const shown = { strokes: first };
  function Page() {
    const [strokes, change] = useState(first);
    shown.strokes = strokes;
    const placed = { left: 0, top: 0, width: 600, height: 450 };
    return <Painting picture={PICTURE} {...{ strokes, brush, placed, change }} />;
  }
  const { container } = render(<Page />);
  const svg = container.querySelector("svg") as SVGSVGElement;
  const at = (type: string, clientX: number, clientY: number, button = 0) =>
    fireEvent(svg, new PointerEvent(type, { clientX, clientY, button, bubbles: true }));
  return { shown, svg, at };
}

it("is in the picture's pixels, and passes over moves that change nothing", async () => {
  const { shown, svg, at } = mounted();
  at("pointermove", 5, 5);
  at("pointerdown", 100, 50);
  at("pointermove", 101, 50);
  at("pointermove", 150, 50);
  at("pointermove", 150, 100);
  at("pointerup", 150, 100);
  at("pointermove", 200, 200);
  at("pointerdown", 300, 300);
  at("pointerup", 300, 300);
  at("pointerdown", 10, 10, 2);
  await Promise.resolve();
  expect(shown.strokes).toEqual([
    [100, 200, 100, 200, 100, 300, 100, 300, 200],
    [100, 600, 600, 600, 600],
  ]);
  expect(svg.querySelectorAll("polyline")).toHaveLength(2);
});

it("ends where the kernel takes no more numbers", () => {
  const { shown, at } = mounted([Array(19_991).fill(1)]);
  at("pointerdown", 0, 0);
  for (let n = 1; n < 9; n++) at("pointermove", n * 50, 0);
  at("pointerup", 0, 0);
  at("pointerdown", 5, 5);
  expect(shown.strokes.map(({ length }) => length)).toEqual([19_991, 9]);
});

it.each([
  [1200, 100],
  [6000, 500],
])("begins with a brush that fits a picture of %i pixels", (width, wanted) => {
  expect(initialBrush({ width, height: 900 })).toBe(wanted);
});
