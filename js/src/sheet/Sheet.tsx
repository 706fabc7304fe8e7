import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useBusy } from "../controls/busy";
import { Button, Chip } from "../controls/buttons";
import { ARROWS } from "../controls/keys";
import { useMeasure } from "../controls/measure";
import { Note } from "../controls/Note";
import { Progress } from "../controls/Progress";
import { Select } from "../controls/Select";
import { clamp, times } from "../kernel/numbers";
import { useStore } from "../kernel/store";
import type { SheetAxis, SheetCell, Standing } from "../kernel/wire";
import { joinPresent } from "../kernel/words";
import { Preview } from "../pictures/Preview";
import { edgeFor } from "../pictures/previews";
import {
  cellKey,
  cellsByPlace,
  firstLayout,
  type Layout,
  rangeInSight,
  readingOrder,
  tallest,
  withAxis,
} from "./layout";
import { type Batch, useSheet } from "./session";
import { VoteBox } from "./Vote";

/** The height of a line of labels and the average width of a letter, in CSS pixels. */
const LINE = 19;
const LETTER = 9;
const MOST_LINES = 4;
/** Above and below the words of a row, in CSS pixels. */
const PADDING = 12;
/** Beside the grid's content, in CSS pixels: the sheet's padding, two lines, a scroll bar. */
const AROUND = 34;
const TABS = 6;
const LARGEST = 384;
const px = (pixels: number) => `${pixels}px`;

interface TileProps {
  cell: SheetCell | undefined;
  size: number;
  chosen: boolean;
  view(): void;
  pick(): void;
}

function Tile({ cell, size, chosen, view, pick }: TileProps) {
  if (!cell) return null;
  if (!cell.id) {
    return (
      <p class={cell.failed ? "sd-error" : "sd-hint"}>
        <span>{cell.words}</span>
      </p>
    );
  }
  return (
    <>
      {/* The grid's own keys do what these do. */}
      <Button tabIndex={-1} class="sd-cell-view" aria-label="View" onClick={view}>
        <Preview of={cell.id} edge={edgeFor(size)} />
      </Button>
      <Button
        tabIndex={-1}
        class="sd-cell-pick"
        aria-pressed={chosen}
        aria-label="Choose"
        title={chosen ? "In sheet.selection" : "Choose (Space)"}
        onClick={pick}
      />
    </>
  );
}

/** Chooses the value of an axis that is neither across nor down: tabs for a few, else a slider. */
function AxisValue({ axis, at, set }: { axis: SheetAxis; at: number; set(at: number): void }) {
  if (axis.labels.length > TABS) {
    return (
      <label class="sd-sheet-layer">
        {axis.name}: {axis.labels[at]}
        <input
          type="range"
          max={axis.labels.length - 1}
          value={at}
          aria-valuetext={axis.labels[at] ?? ""}
          onInput={(event) => set(Number(event.currentTarget.value))}
        />
      </label>
    );
  }
  return (
    <div class="sd-sheet-layer" role="group" aria-label={axis.name}>
      {axis.name}
      {axis.labels.map((label, index) => (
        <Chip key={label} aria-pressed={index === at} onClick={() => set(index)}>
          {label}
        </Chip>
      ))}
    </div>
  );
}

function Axes({ axes, layout, set }: { axes: SheetAxis[]; layout: Layout; set(to: Layout): void }) {
  const several = axes.flatMap(({ labels }, index) => (labels.length > 1 ? [index] : []));
  if (several.length < 2) return null;
  const choose = (way: "x" | "y", name: string) => (
    <label>
      {name}{" "}
      <Select
        value={layout[way]}
        options={several.map((index) => [index, axes[index]?.name])}
        onPick={(axis) => set(withAxis(layout, way, Number(axis)))}
      />
    </label>
  );
  return (
    <>
      {choose("x", "Across")}
      {choose("y", "Down")}
      {several
        .filter((index) => index !== layout.x && index !== layout.y)
        .map((index) => (
          <AxisValue
            key={index}
            axis={axes[index] as SheetAxis}
            at={layout.at[index] ?? 0}
            set={(to) =>
              set({ ...layout, at: layout.at.map((old, axis) => (axis === index ? to : old)) })
            }
          />
        ))}
    </>
  );
}

/** The tile size at which all columns fit, in CSS pixels, unless that is too small. */
const fitted = (wide: number, columns: number) =>
  Math.max(96, Math.min(LARGEST, Math.floor((wide - AROUND - sideOf(wide)) / columns)));

/** How many lines the names above the columns take. */
function linesOf(columns: string[], size: number): number {
  const letters = columns.reduce((most, { length }) => Math.max(most, length), 0);
  return clamp(1, Math.ceil((letters * LETTER) / size), MOST_LINES);
}

/** The width of the names at the left. */
const sideOf = (wide: number) => (wide < 560 ? 84 : 140);

interface GridProps {
  batch: Batch;
  layout: Layout;
  size: number;
  side: number;
}

function Grid({ batch, layout, size, side }: GridProps) {
  const { sheet, open } = useSheet();
  const picked = useStore(sheet.picked);
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, left: 0, wide: 800, high: 600 });
  const [active, setActive] = useState<[number, number]>([0, 0]);
  const moved = useRef(false);
  const columns = batch.axes[layout.x]?.labels ?? [""];
  const rows = batch.axes[layout.y]?.labels ?? [""];
  const cells = useMemo(() => cellsByPlace(batch.cells.values(), layout), [batch, layout]);
  const headLines = linesOf(columns, size);
  const head = 8 + LINE * headLines;
  const high = Math.round(size * useMemo(() => tallest(batch.cells.values()), [batch]));

  function readScroll() {
    const box = scroller.current;
    if (!box) return;
    const { scrollTop: top, scrollLeft: left, clientWidth: wide, clientHeight: high } = box;
    setSeen({ top, left, wide: wide || 800, high: high || 600 });
  }
  useMeasure(scroller, readScroll);
  const row = Math.min(active[0], rows.length - 1);
  const column = Math.min(active[1], columns.length - 1);
  // Keys may follow each other faster than the page is drawn.
  const at = useRef(active);
  at.current = [row, column];
  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    scroller.current?.querySelector<HTMLElement>('[role="gridcell"][tabindex="0"]')?.focus();
  });

  function view(r: number, c: number) {
    const { list, index } = readingOrder(cells, rows.length, columns.length);
    const at = index.get(cellKey(r, c));
    if (at !== undefined) open(list, at);
  }
  function onKeyDown(event: KeyboardEvent) {
    const [row, column] = at.current;
    const cell = cells.get(cellKey(row, column));
    const move = ARROWS[event.key];
    if (move) {
      const next: [number, number] = [
        clamp(0, row + move[1], rows.length - 1),
        clamp(0, column + move[0], columns.length - 1),
      ];
      const box = scroller.current;
      if (box) {
        const [top, left] = [next[0] * high, next[1] * size];
        box.scrollTop = Math.max(Math.min(box.scrollTop, top), top + high + head - seen.high);
        box.scrollLeft = Math.max(Math.min(box.scrollLeft, left), left + size + side - seen.wide);
        readScroll();
      }
      moved.current = true;
      at.current = next;
      setActive(next);
    } else if (event.key === "Enter") view(row, column);
    else if (event.key === " " && cell?.id) sheet.pick(cell.id);
    else return;
    event.preventDefault();
  }

  const [firstRow, endRow] = rangeInSight(rows.length, high, seen.top, seen.high);
  const [firstColumn, endColumn] = rangeInSight(columns.length, size, seen.left, seen.wide);
  const range = (from: number, to: number) => times(to - from, (n) => from + n);
  const shown = range(firstColumn, endColumn);
  const kept = range(firstRow, endRow);
  if (!kept.includes(row)) kept.push(row);
  const width = side + columns.length * size;
  const lines = Math.max(1, Math.floor((high - PADDING) / LINE));
  const left = (index: number) => px(side + index * size);
  const labelOf = (r: number, c: number, cell?: SheetCell) =>
    joinPresent(", ", rows[r], columns[c], cell?.words);

  // Only rows near the screen are in the page, so this can't be a table element.
  return (
    <>
      <div
        ref={scroller}
        class="sd-sheet-scroll"
        role="grid"
        tabIndex={-1}
        aria-label="Sheet"
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length + 1}
        aria-multiselectable="true"
        onScroll={readScroll}
        onKeyDown={onKeyDown}
      >
        <div
          class="sd-sheet-head"
          role="row"
          aria-rowindex={1}
          style={{ width: px(width), height: px(head), "--sd-lines": headLines }}
        >
          <div
            class="sd-sheet-side"
            role="columnheader"
            aria-colindex={1}
            style={{ width: px(side) }}
          >
            {batch.axes[layout.x]?.name}
          </div>
          {shown.map((c) => (
            <div
              key={c}
              role="columnheader"
              class="sd-sheet-label"
              aria-colindex={c + 2}
              title={columns[c]}
              style={{ left: left(c), width: px(size) }}
            >
              <span>{columns[c]}</span>
            </div>
          ))}
        </div>
        <div
          role="presentation"
          class="sd-sheet-body"
          style={{ width: px(width), height: px(rows.length * high), "--sd-lines": lines }}
        >
          {kept.map((r) => (
            <div
              key={r}
              role="row"
              class="sd-sheet-row"
              aria-rowindex={r + 2}
              style={{ top: px(r * high), height: px(high), width: px(width) }}
            >
              <div
                class="sd-sheet-side"
                role="rowheader"
                aria-colindex={1}
                title={rows[r]}
                style={{ width: px(side) }}
              >
                <span>{rows[r]}</span>
              </div>
              {shown.map((c) => {
                const cell = cells.get(cellKey(r, c));
                const here = r === row && c === column;
                const chosen = !!cell?.id && picked.includes(cell.id);
                return (
                  <div
                    key={c}
                    role="gridcell"
                    class="sd-cell"
                    tabIndex={here ? 0 : -1}
                    aria-colindex={c + 2}
                    aria-selected={chosen}
                    aria-label={labelOf(r, c, cell)}
                    title={labelOf(r, c, cell)}
                    style={{ left: left(c), width: px(size), height: px(high) }}
                    onFocus={() => setActive([r, c])}
                  >
                    <Tile
                      size={Math.max(size, high)}
                      {...{ cell, chosen }}
                      view={() => view(r, c)}
                      pick={() => cell?.id && sheet.pick(cell.id)}
                    />
                  </div>
                );
              })}
            </div>
          ))}
        </div>
      </div>
      {/* All that a small cell and its labels have no room for. */}
      <p class="sd-hint">{labelOf(row, column, cells.get(cellKey(row, column)))}</p>
    </>
  );
}

interface PressProps {
  doing(): Promise<unknown>;
  /** No press of it is part of one of another button; see `guardPresses`. */
  once?: boolean;
  /** Called at each press; returns whether to ignore it. */
  isAgain?(): boolean;
  children: ComponentChildren;
}

/** A button whose work takes a while. */
function Press({ doing, once, isAgain, children }: PressProps) {
  const [busy, press] = useBusy(doing);
  return (
    <Chip data-once={once} aria-disabled={busy} onClick={() => !isAgain?.() && press()}>
      {children}
    </Chip>
  );
}

/** The last known progress of a batch whose kernel is gone. */
const UNKNOWN: Standing = { words: "", errors: "", running: false, asks: [] };

/** A batch as a grid, which fills as its results come. */
export function Sheet() {
  const { sheet, announcer, channel } = useSheet();
  const { gone } = useStore(channel.state);
  const batch = useStore(sheet.batch);
  const error = useStore(sheet.error);
  const picked = useStore(sheet.picked);
  const vote = useStore(sheet.vote);
  const [layout, setLayout] = useState<Layout | null>(null);
  const [chosenSize, setSize] = useState(0);
  const [wide, setWide] = useState(800);
  const section = useRef<HTMLElement>(null);
  const done = batch ? [...batch.cells.values()].filter(({ id }) => id).length : 0;
  useEffect(() => void sheet.load(), [sheet]);
  const was = useRef(false);
  const { running = false, errors = "" } = batch?.standing ?? {};
  useEffect(() => {
    if (was.current && !running) announcer.say(`The run has ended: ${done} pictures. ${errors}`);
    was.current = running;
  }, [running]);
  useMeasure(section, () => setWide(section.current?.clientWidth || 800), [!batch]);
  if (!batch) return <p class="sd-empty">{error || "Loading the sheet…"}</p>;
  const laid = layout ?? firstLayout(batch.axes);
  const size = chosenSize || fitted(wide, batch.axes[laid.x]?.labels.length ?? 1);
  const standing = gone ? UNKNOWN : batch.standing;
  const x = batch.axes[laid.x]?.name ?? "";
  return (
    <section ref={section} class="sd-sheet" aria-label={`Sheet of ${batch.name}`}>
      <header class="sd-bar">
        <b>{batch.name}</b>
        <span class="sd-hint">
          {joinPresent(" · ", `${done} of ${batch.cells.size} pictures`, standing.words)}
        </span>
        {standing.running && (
          <Press once doing={sheet.stop}>
            Cancel
          </Press>
        )}
        {standing.asks.map((ask) => (
          <Press key={ask.retry} once isAgain={sheet.isAgain} doing={() => sheet.ask(ask)}>
            {ask.words}
          </Press>
        ))}
      </header>
      {standing.running && <Progress label="Pictures" value={done / batch.cells.size} />}
      <div class="sd-sheet-bar">
        <Axes axes={batch.axes} layout={laid} set={setLayout} />
        <label>
          Size{" "}
          <input
            type="range"
            min={64}
            max={LARGEST}
            step={1}
            value={size}
            onInput={(event) => setSize(Number(event.currentTarget.value))}
          />
        </label>
        <Chip disabled={done < 2} onClick={() => void sheet.prefer()}>
          {picked.length > 1 ? "Vote on the chosen" : "Vote"}
        </Chip>
        {["png", "html"].map((format) => (
          <Press key={format} doing={() => sheet.save(format, x)}>
            Save as {format.toUpperCase()}
          </Press>
        ))}
        {picked.length > 0 && <span>{picked.length} in sheet.selection</span>}
      </div>
      {standing.errors && <Note class="" words={standing.errors} />}
      {error && <Note class="" role="alert" words={error} />}
      {vote ? (
        <VoteBox batch={batch} ballot={vote} />
      ) : (
        <Grid {...{ batch, size }} layout={laid} side={sideOf(wide)} />
      )}
    </section>
  );
}
