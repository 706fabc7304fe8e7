/** Computes where each picture of a long list is: grouped by day, in rows of equal height. */
import { clamp } from "../kernel/numbers";
import type { Day } from "../kernel/wire";

/** Browsers cap an element's height, some at 2^24 device pixels: beyond, scrolling is scaled. */
const TALLEST = 4_000_000;
export const HEADING = 30;
export const GAP = 6;
/** Least width of a tile at each density, in CSS pixels. */
export const DENSITIES = { small: 88, medium: 128, large: 216 } as const;
export type Density = keyof typeof DENSITIES;

interface Group {
  date: string;
  cost: string;
  first: number;
  count: number;
  /** Rows of pictures. */
  lines: number;
  top: number;
  /** Rows above it, headings included. */
  before: number;
}

export interface GridRow {
  key: string;
  top: number;
  /** A day's heading; its `count` pictures follow. */
  heading: { date: string; count: number; cost: string } | null;
  first: number;
  count: number;
}

export interface Layout {
  readonly columns: number;
  /** A tile's width and height, without the gap. */
  readonly tile: readonly [number, number];
  readonly height: number;
  /** Rows, headings included, whose place meets the stretch from `top` to `bottom`. */
  rows(top: number, bottom: number): GridRow[];
  /** Top and bottom of the row of a picture. */
  span(index: number): readonly [number, number];
  /** The picture `rows` rows further down, in the same column as far as there is one. */
  step(index: number, rows: number): number;
  /** Row and column of a picture for people, from 1, headings counted as rows. */
  cell(index: number): { row: number; column: number };
  readonly rowCount: number;
  /** The pictures that a rectangle meets. */
  within(left: number, top: number, right: number, bottom: number): number[];
}

export function createLayout(days: readonly Day[], width: number, density: Density): Layout {
  const columns = Math.max(2, Math.floor((width + GAP) / (DENSITIES[density] + GAP)));
  const wide = Math.max(1, (width + GAP) / columns - GAP);
  const tile = [wide, Math.round(wide * 0.75)] as const;
  const pitch = tile[1] + GAP;
  const groups: Group[] = [];
  let first = 0;
  let height = 0;
  let rowCount = 0;
  for (const [date, count, cost] of days) {
    if (count <= 0) continue;
    const lines = Math.ceil(count / columns);
    groups.push({ date, cost, first, count, lines, top: height, before: rowCount });
    first += count;
    height += HEADING + lines * pitch;
    rowCount += 1 + lines;
  }

  /** The last group that begins at or before a value. */
  function group(value: number, of: "top" | "first"): number {
    let [low, high] = [0, groups.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((groups[middle] as Group)[of] <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  const at = (index: number) => groups[group(index, "first")];
  const lineOf = ({ first: start }: Group, index: number) => Math.floor((index - start) / columns);
  const topOf = (of: Group, line: number) => of.top + HEADING + line * pitch;

  function rows(from: number, to: number): GridRow[] {
    const found: GridRow[] = [];
    for (let number = group(from, "top"); number < groups.length; number += 1) {
      const { date, cost, first: start, count, lines, top: begin } = groups[number] as Group;
      if (begin > to) break;
      if (begin + HEADING > from) {
        const heading = { date, count, cost };
        found.push({ key: `day-${date}-${start}`, top: begin, heading, first: start, count: 0 });
      }
      const body = begin + HEADING;
      const last = Math.min(lines - 1, Math.floor((to - body) / pitch));
      for (let line = Math.max(0, Math.floor((from - body) / pitch)); line <= last; line += 1) {
        const begins = start + line * columns;
        const many = Math.min(columns, start + count - begins);
        found.push({
          key: `${begins}`,
          top: body + line * pitch,
          heading: null,
          first: begins,
          count: many,
        });
      }
    }
    return found;
  }

  function span(index: number): readonly [number, number] {
    const of = at(index);
    if (!of) return [0, 0];
    const begins = topOf(of, lineOf(of, index));
    return [begins, begins + tile[1]];
  }

  function step(index: number, count: number): number {
    let number = group(index, "first");
    let of = groups[number];
    if (!of) return 0;
    const column = (index - of.first) % columns;
    let line = lineOf(of, index) + count;
    while (line < 0 && number > 0) {
      number -= 1;
      of = groups[number] as Group;
      line += of.lines;
    }
    while (line >= of.lines && number < groups.length - 1) {
      line -= of.lines;
      number += 1;
      of = groups[number] as Group;
    }
    line = clamp(0, line, of.lines - 1);
    return Math.min(of.first + line * columns + column, of.first + of.count - 1);
  }

  function cell(index: number) {
    const of = at(index);
    if (!of) return { row: 1, column: 1 };
    const row = of.before + lineOf(of, index) + 2;
    return { row, column: ((index - of.first) % columns) + 1 };
  }

  function within(left: number, from: number, right: number, to: number): number[] {
    const step = tile[0] + GAP;
    const found: number[] = [];
    for (const row of rows(from, to)) {
      if (row.heading || row.top + tile[1] < from) continue;
      for (let column = 0; column < row.count; column += 1) {
        const begins = column * step;
        if (begins <= right && begins + tile[0] >= left) found.push(row.first + column);
      }
    }
    return found;
  }

  return { columns, tile, height, rows, span, step, cell, rowCount, within };
}

/** How far down the list is looked at, for a scroller that may be lower than the list is high. */
export function createScale(height: number, room: number) {
  const shown = Math.min(height, TALLEST);
  const ratio = shown > room ? (height - room) / (shown - room) : 1;
  return {
    shown,
    /** What a scroll position stands for. */
    look: (scrolled: number) => scrolled * ratio,
    /** Where to scroll to see a place at the top. */
    scroll: (top: number) => top / ratio,
  };
}
