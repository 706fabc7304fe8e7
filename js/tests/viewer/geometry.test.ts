import { describe, expect, it } from "vitest";
import {
  arranged,
  bounded,
  covers,
  FIT,
  fitZoom,
  frameRect,
  panned,
  type View,
  visiblePart,
  visiblePartWithMargin,
  zoomed,
} from "../../src/viewer/geometry";

const PICTURE = { width: 4000, height: 2000 };
const PANE = { width: 800, height: 600 };
const WHOLE = { left: 0, top: 0, scale: 1 };
const at = (zoom: number, x: number, y: number): View => ({ zoom, x, y, fit: false });

describe("a view", () => {
  it("fits a picture, and makes none larger than it is", () => {
    expect(fitZoom(PICTURE, PANE)).toBe(0.2);
    expect(fitZoom({ width: 80, height: 60 }, PANE)).toBe(1);
    expect(bounded(FIT, PICTURE, PANE)).toEqual({ zoom: 0.2, x: 2000, y: 1000, fit: true });
  });

  it("keeps what is under the pointer there when it zooms", () => {
    const before = at(0.5, 2000, 1000);
    const under = (view: View, x: number) => view.x + x / view.zoom;
    expect(under(zoomed(before, 2, 150, -40), 150)).toBeCloseTo(under(before, 150));
  });

  it("shows no room beside a picture that is larger, and centres one that is smaller", () => {
    expect(bounded(at(1, -500, 900), PICTURE, PANE)).toMatchObject({ x: 400, y: 900 });
    expect(bounded(at(0.2, 0, 0), PICTURE, PANE)).toMatchObject({ x: 2000, y: 1000 });
  });

  it("has its bounds", () => {
    expect(bounded(at(500, 0, 0), PICTURE, PANE).zoom).toBe(16);
    expect(bounded(at(0.001, 0, 0), PICTURE, PANE).zoom).toBe(0.2);
  });

  it("moves by pixels of the screen", () => {
    expect(panned(at(2, 100, 100), 80, -40)).toMatchObject({ x: 140, y: 80 });
  });

  it("places the frame in the pane", () => {
    const box = frameRect(at(0.2, 2000, 1000), PICTURE, PANE);
    expect(box).toEqual({ left: 0, top: 100, width: 800, height: 400 });
  });
});

describe("two pictures", () => {
  const A = { width: 1000, height: 1000 };
  const B = { width: 2000, height: 1000 };

  it("lie pixel on pixel about one middle, where nothing is asked", () => {
    const [frame, a, b] = arranged(A, B, "");
    expect(frame).toEqual({ width: 2000, height: 1000 });
    expect(a).toEqual({ left: 500, top: 0, scale: 1 });
    expect(b).toEqual({ left: 0, top: 0, scale: 1 });
  });

  it("are fitted, B into all of A, or cropped to what they share", () => {
    expect(arranged(A, { width: 500, height: 250 }, "fit")).toEqual([
      A,
      WHOLE,
      { left: -500, top: 0, scale: 4 },
    ]);
    expect(arranged(A, B, "crop")).toEqual([A, WHOLE, { left: -500, top: 0, scale: 1 }]);
  });
});

describe("what is asked for", () => {
  it("is what is seen, in the picture's own pixels, at the screen's density", () => {
    expect(visiblePart(at(0.2, 2000, 1000), PICTURE, PANE, PICTURE, WHOLE)).toEqual({
      left: 0,
      top: 0,
      width: 4000,
      height: 2000,
      density: 0.2,
    });
    expect(visiblePart(at(2, 2000, 1000), PICTURE, PANE, PICTURE, WHOLE)).toEqual({
      left: 1800,
      top: 850,
      width: 400,
      height: 300,
      density: 1,
    });
  });

  it("is nothing where no pixel is seen", () => {
    const beside = { left: 4100, top: 0, scale: 1 };
    expect(visiblePart(at(1, 2000, 1000), PICTURE, PANE, PICTURE, beside)).toBeNull();
  });

  it("has a margin, so that a small move shows what is there already", () => {
    const view = at(1, 2000, 1000);
    const there = visiblePartWithMargin(view, PICTURE, PANE, PICTURE, WHOLE);
    const then = (view: View) => visiblePart(view, PICTURE, PANE, PICTURE, WHOLE);
    if (!there) throw new Error("nothing");
    const covered = (view: View) => covers(there, then(view) ?? there);
    expect(covered(panned(view, 60, 0))).toBe(true);
    expect(covered(panned(view, 400, 0))).toBe(false);
    expect(covered(at(0.9, 2000, 1000))).toBe(true);
    expect(covers({ ...there, density: 0.5 }, then(view) ?? there)).toBe(false);
  });
});
