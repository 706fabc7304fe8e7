/** Which axis of a batch runs across and down, and which cell is at each place. */
import { clamp } from "../kernel/numbers";
import type { SheetAxis, SheetCell } from "../kernel/wire";
import { listOf, type PictureList } from "../pictures/pictures";

export interface Layout {
  /** The axis that runs across, and the one that runs down; -1 where there is none. */
  x: number;
  y: number;
  /** For every axis that is neither across nor down, the value that is shown. */
  at: number[];
}

/** Lay the last axis with several values across, and the one before down. */
export function firstLayout(axes: readonly SheetAxis[]): Layout {
  const several = axes.flatMap(({ labels }, index) => (labels.length > 1 ? [index] : []));
  return { x: several.at(-1) ?? -1, y: several.at(-2) ?? -1, at: axes.map(() => 0) };
}

/** Put an axis across or down; what ran there before takes its place. */
export function withAxis(layout: Layout, way: "x" | "y", axis: number): Layout {
  const other = way === "x" ? "y" : "x";
  const swapped = layout[other] === axis ? layout[way] : layout[other];
  return { ...layout, [way]: axis, [other]: swapped };
}

export const cellKey = (row: number, column: number) => `${row} ${column}`;

/** The cells of one layer of the grid, by row and column. */
export function cellsByPlace(
  cells: Iterable<SheetCell>,
  { x, y, at }: Layout,
): Map<string, SheetCell> {
  const found = new Map<string, SheetCell>();
  for (const cell of cells) {
    for (const place of cell.at) {
      const here = place.every((index, axis) => axis === x || axis === y || index === at[axis]);
      if (here) found.set(cellKey(place[y] ?? 0, place[x] ?? 0), cell);
    }
  }
  return found;
}

/** The pictures of a grid in reading order, with the way along its axes; and where each stands. */
export function readingOrder(cells: ReadonlyMap<string, SheetCell>, rows: number, columns: number) {
  const ids: string[] = [];
  const places: [number, number][] = [];
  const index = new Map<string, number>();
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const place = cellKey(row, column);
      const id = cells.get(place)?.id;
      if (!id) continue;
      index.set(place, ids.length);
      places.push([row, column]);
      ids.push(id);
    }
  }
  const list: PictureList = {
    ...listOf(ids),
    along(from, right, down) {
      let [row, column] = places[from] ?? [0, 0];
      for (;;) {
        row += down;
        column += right;
        if (row < 0 || column < 0 || row >= rows || column >= columns) return from;
        const to = index.get(cellKey(row, column));
        if (to !== undefined) return to;
      }
    },
  };
  return { list, index };
}

/** The height-to-width ratio of the tallest picture, up to what a grid allows. */
export function tallest(cells: Iterable<SheetCell>): number {
  let most = 0;
  for (const { width, height } of cells) if (width) most = Math.max(most, height / width);
  return clamp(0.5, most || 1, 2);
}

/** Which of `count` tiles in a row are near the screen: the first, and the one after the last. */
export function rangeInSight(
  count: number,
  size: number,
  from: number,
  room: number,
): [number, number] {
  const first = Math.max(0, Math.floor(from / size) - 1);
  return [first, Math.max(first, Math.min(count, Math.ceil((from + room) / size) + 1))];
}
