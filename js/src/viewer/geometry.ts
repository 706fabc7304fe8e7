/** The geometry of the viewer: where pictures are, and which part of them is visible. */
import { clamp } from "../kernel/numbers";
import type { Unequal } from "../kernel/wire";

export interface Area {
  width: number;
  height: number;
}

export interface Rect extends Area {
  left: number;
  top: number;
}

/** The view: CSS pixels per pixel of the frame, and the frame's point in the centre. */
export interface View {
  zoom: number;
  x: number;
  y: number;
  /** It follows the size of the pane. */
  fit: boolean;
}

/** A picture's place in the frame: all its pixels, of which those outside of the frame are cut. */
export interface Placed {
  left: number;
  top: number;
  scale: number;
}

export const FIT: View = { zoom: 0, x: 0, y: 0, fit: true };
const MAX_ZOOM = 16;
/** A margin fetched around the visible part, so that small moves need no request. */
const MARGIN = 0.12;

/** The zoom at which one pixel of the picture is one of the screen. */
export const actualSize = (): number => 1 / devicePixelRatio;

export const fitZoom = (frame: Area, pane: Area): number =>
  Math.min(1, pane.width / frame.width, pane.height / frame.height) || 1;

/** The same view within bounds: as large as it may be, and with no room beside what is larger. */
export function bounded(view: View, frame: Area, pane: Area): View {
  const fit = fitZoom(frame, pane);
  const zoom = view.fit ? fit : clamp(Math.min(fit, actualSize()), view.zoom, MAX_ZOOM);
  const middle = (at: number, frame: number, pane: number) =>
    frame * zoom <= pane ? frame / 2 : clamp(pane / 2 / zoom, at, frame - pane / 2 / zoom);
  const x = middle(view.x, frame.width, pane.width);
  return { zoom, x, y: middle(view.y, frame.height, pane.height), fit: view.fit };
}

/** Zoom, so that what is under a point stays there; the point counts from the pane's middle. */
export function zoomed(view: View, zoom: number, x = 0, y = 0): View {
  const moved = 1 / view.zoom - 1 / zoom;
  return { zoom, x: view.x + x * moved, y: view.y + y * moved, fit: false };
}

/** Move by CSS pixels. */
export const panned = (view: View, right: number, down: number): View => ({
  ...view,
  x: view.x + right / view.zoom,
  y: view.y + down / view.zoom,
  fit: false,
});

/** The frame around two pictures, and where each is in it. */
export function arranged(a: Area, b: Area, unequal: Unequal): [Area, Placed, Placed] {
  const bound = unequal === "crop" ? Math.min : Math.max;
  const frame =
    unequal === "fit" ? a : { width: bound(a.width, b.width), height: bound(a.height, b.height) };
  const middle = (one: Area, scale: number): Placed => ({
    left: (frame.width - one.width * scale) / 2,
    top: (frame.height - one.height * scale) / 2,
    scale,
  });
  const fill = Math.max(a.width / b.width, a.height / b.height);
  return [frame, middle(a, 1), middle(b, unequal === "fit" ? fill : 1)];
}

/** The frame in the pane, in CSS pixels. */
export const frameRect = (view: View, frame: Area, pane: Area): Rect => ({
  left: pane.width / 2 - view.x * view.zoom,
  top: pane.height / 2 - view.y * view.zoom,
  width: frame.width * view.zoom,
  height: frame.height * view.zoom,
});

export interface Part extends Rect {
  /** Pixels of the screen for each of the picture's, 1 at most. */
  density: number;
}

/** The part of a picture that is seen, in whole pixels of its own; null where none is. */
export function visiblePart(
  view: View,
  frame: Area,
  pane: Area,
  picture: Area,
  placed: Placed,
  margin = 0,
): Part | null {
  const density = Math.min(1, (view.zoom * placed.scale) / actualSize());
  function span(at: number, pane: number, frame: number, place: number, length: number) {
    const half = pane / 2 / view.zoom;
    const low = Math.max(0, at - half);
    const high = Math.min(frame, at + half);
    const more = (high - low) * margin;
    const first = Math.floor((Math.max(0, low - more) - place) / placed.scale);
    const last = Math.ceil((Math.min(frame, high + more) - place) / placed.scale);
    const from = clamp(0, first, length);
    return [from, clamp(0, last, length) - from] as const;
  }
  const { width, height } = picture;
  const [left, wide] = span(view.x, pane.width, frame.width, placed.left, width);
  const [top, high] = span(view.y, pane.height, frame.height, placed.top, height);
  return wide > 0 && high > 0 && density > 0
    ? { left, top, width: wide, height: high, density }
    : null;
}

export const visiblePartWithMargin = (
  view: View,
  frame: Area,
  pane: Area,
  picture: Area,
  placed: Placed,
): Part | null => visiblePart(view, frame, pane, picture, placed, MARGIN);

/** Whether what is there shows what is seen as sharply as the screen can. */
export function covers(there: Part, wanted: Part): boolean {
  return (
    there.density >= wanted.density * 0.97 &&
    there.left <= wanted.left &&
    there.top <= wanted.top &&
    there.left + there.width >= wanted.left + wanted.width &&
    there.top + there.height >= wanted.top + wanted.height
  );
}

/** A rectangle's place as a style. */
export const pxStyle = (rect: Rect): Record<string, string> =>
  Object.fromEntries(Object.entries(rect).map(([name, length]) => [name, `${length}px`]));
