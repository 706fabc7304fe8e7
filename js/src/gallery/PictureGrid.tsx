/** The pictures of a gallery as a grid: of a long list only what is near the screen is drawn. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useMeasure } from "../controls/measure";
import { drag, IMAGE_DRAG } from "../files/drops";
import { clamp, times } from "../kernel/numbers";
import { boxOf, focusOn, hasCommand, listen } from "../kernel/page";
import { useStore } from "../kernel/store";
import type { Picture } from "../kernel/wire";
import { joinPresent } from "../kernel/words";
import { Preview } from "../pictures/Preview";
import { edgeFor } from "../pictures/previews";
import { createLayout, createScale, GAP, type GridRow, type Layout } from "./layout";
import { useSession } from "./session";
import { counted, dayName, isShort } from "./words";

/** Beside the pictures, in CSS pixels, as the style sheet has it. */
const PADDING = 12;
/** Drawn above and below what is seen, in CSS pixels. */
const MARGIN = 300;

function describe({ prompt, index, count, favourite, rating, error }: Picture): string {
  return joinPresent(
    ", ",
    prompt || "a prompt that was not kept",
    count > 1 && `image ${index + 1} of ${count}`,
    favourite && "favourite",
    rating > 0 && `rated ${rating} of 5`,
    error,
  );
}

interface TileProps {
  id: string | undefined;
  index: number;
  layout: Layout;
  chosen: boolean;
  focused: boolean;
}

function Tile({ id, index, layout, chosen, focused }: TileProps) {
  const { actions, gallery, pictures } = useSession();
  const picture = id === undefined ? undefined : pictures.known(id);
  const column = layout.cell(index).column;
  const missing = isShort(picture);
  const found = gallery.found.get();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys
    <div
      role="gridcell"
      class="sd-thumb"
      style={{ left: `${(column - 1) * (layout.tile[0] + GAP)}px`, width: `${layout.tile[0]}px` }}
      aria-colindex={column}
      aria-selected={chosen}
      aria-label={picture ? describe(picture) : "Loading"}
      title={picture?.prompt}
      data-index={index}
      tabIndex={focused ? 0 : -1}
      draggable={id !== undefined}
      onDragStart={(event) => drag(event, IMAGE_DRAG, id ?? "", "copy")}
      onClick={(event) =>
        void gallery.select(index, {
          range: event.shiftKey,
          toggle: hasCommand(event),
        })
      }
      onDblClick={() => found && actions.open(found, index)}
    >
      {id !== undefined && !picture?.error && <Preview of={id} edge={edgeFor(layout.tile[0])} />}
      {picture?.error && <span class="sd-thumb-error">{picture.error}</span>}
      {picture?.favourite && <b aria-hidden="true">★</b>}
      {picture && (missing || picture.rating > 0) && (
        <small aria-hidden="true">
          {missing ? `asked ${picture.asked}, got ${picture.count}` : `${picture.rating} / 5`}
        </small>
      )}
    </div>
  );
}

function Heading({ heading }: { heading: NonNullable<GridRow["heading"]> }) {
  const cost = Number(heading.cost) > 0 ? ` · $${heading.cost}` : "";
  return (
    <div role="rowheader" class="sd-day">
      <b>{dayName(heading.date)}</b> · {counted(heading.count)}
      {cost}
    </div>
  );
}

/** The width and height of the scroller, as it changes. */
function useInnerSize(scroller: { current: HTMLElement | null }) {
  const [size, setSize] = useState<readonly [number, number]>([0, 0]);
  useMeasure(scroller, () => {
    const element = scroller.current;
    if (!element) return;
    const next = [element.clientWidth - 2 * PADDING, element.clientHeight] as const;
    setSize((old) => (old[0] === next[0] && old[1] === next[1] ? old : next));
  });
  return size;
}

export function PictureGrid() {
  const { actions, gallery, pictures } = useSession();
  const scroller = useRef<HTMLDivElement>(null);
  const [width, height] = useInnerSize(scroller);
  const found = useStore(gallery.found);
  const density = useStore(gallery.density);
  const selected = useStore(gallery.selected);
  const focus = useStore(gallery.focus);
  const moved = useStore(gallery.moved);
  useStore(pictures.version);
  const [scrolled, setScrolled] = useState(0);
  const [band, setBand] = useState<readonly [number, number, number, number] | null>(null);
  const following = useRef(false);
  const days = found?.days ?? [];
  const layout = useMemo(() => createLayout(days, width, density), [days, width, density]);
  const scale = createScale(layout.height, height);
  const top = scale.look(scrolled);
  const rows = found && width > 0 ? layout.rows(top - MARGIN, top + height + MARGIN) : [];
  const total = found?.total ?? 0;
  const inList = (index: number) => Math.min(index, Math.max(0, total - 1));
  const focused = inList(focus);
  // Who has the focus stays on the page, wherever that is scrolled to.
  if (total > 0 && width > 0 && !rows.some((row) => holds(row, focused))) {
    const own = layout.rows(...layout.span(focused)).find((row) => holds(row, focused));
    if (own) rows.push(own);
  }
  const firstSeen = rows.find((row) => !row.heading && row.top + layout.tile[1] > top);

  useEffect(() => {
    const seen = rows.filter((row) => !row.heading);
    const [first] = seen;
    if (!found || !first) return;
    const last = rows.reduce((most, row) => Math.max(most, row.first + row.count), 0);
    found.need(Math.min(first.first, last), Math.max(0, Math.min(last, first.first + 400) - 1));
  });

  // At the top new pictures are let in; further down they must not move what is looked at.
  const seenId = firstSeen && found?.known(firstSeen.first);
  const kept = top > 1 && firstSeen && seenId !== undefined;
  useEffect(() => gallery.watch(kept ? { index: firstSeen.first, id: seenId } : null));
  const movedTo = useRef(moved);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!moved || moved === movedTo.current || !element) return;
    movedTo.current = moved;
    const offset = (firstSeen?.top ?? 0) - top;
    element.scrollTop = scale.scroll(Math.max(0, layout.span(moved.to)[0] - Math.max(0, offset)));
  }, [moved, layout]);

  // The list is another one: it is looked at from its beginning.
  const query = useStore(gallery.query);
  const asked = useRef(query);
  useLayoutEffect(() => {
    if (asked.current === query || !scroller.current) return;
    asked.current = query;
    scroller.current.scrollTop = 0;
  }, [found]);

  function show(index: number) {
    const element = scroller.current;
    if (!element) return;
    const [from, to] = layout.span(index);
    const heading = 34;
    if (from - heading < top) element.scrollTop = scale.scroll(Math.max(0, from - heading));
    else if (to > top + height) element.scrollTop = scale.scroll(to - height + GAP);
    following.current = true;
  }

  useEffect(() => {
    const element = scroller.current;
    const own = element?.querySelector<HTMLElement>("[role=gridcell]:focus");
    if (!following.current && (!own || own.dataset.index === String(focused))) return;
    const cell = element?.querySelector<HTMLElement>(`[data-index="${focused}"]`);
    if (!cell) return;
    following.current = false;
    focusOn(cell);
  });

  // Keys may follow each other faster than the page is drawn.
  const here = () => inList(gallery.focus.get());

  /** Where a key goes to; undefined where it goes nowhere. */
  function targetOf(key: string): number | undefined {
    const focused = here();
    const page = Math.max(1, Math.floor(height / (layout.tile[1] + GAP)) - 1);
    const steps: Record<string, number> = {
      ArrowLeft: focused - 1,
      ArrowRight: focused + 1,
      ArrowUp: layout.step(focused, -1),
      ArrowDown: layout.step(focused, 1),
      PageUp: layout.step(focused, -page),
      PageDown: layout.step(focused, page),
      Home: 0,
      End: total - 1,
    };
    return steps[key];
  }

  function move(to: number, event: KeyboardEvent) {
    const next = clamp(0, to, total - 1);
    show(next);
    if (hasCommand(event) && !event.shiftKey) gallery.focus.set(next);
    else void gallery.select(next, { range: event.shiftKey });
  }

  function onKeyDown(event: KeyboardEvent) {
    const command = hasCommand(event);
    const { key } = event;
    // With Ctrl, Page Up and Page Down change the host's tabs.
    if (total === 0 || event.altKey || (command && key.startsWith("Page"))) return;
    const focused = here();
    const to = targetOf(key);
    if (to !== undefined) move(to, event);
    else if (command && key.toLowerCase() === "a") void gallery.all();
    else if (key === " ") void gallery.select(focused, { toggle: command, range: event.shiftKey });
    else if (command) return;
    else if (key === "Enter" && found) actions.open(found, focused);
    else if (key === "Delete" || key === "Backspace") actions.remove();
    else if (key.toLowerCase() === "f") actions.favourite();
    else if (/^[0-5]$/.test(key)) actions.rate(Number(key));
    else if (key === "Escape" && selected.size > 0) {
      gallery.set([]);
      event.stopPropagation();
    } else return;
    event.preventDefault();
  }

  function onPointerDown(event: PointerEvent) {
    const element = scroller.current;
    const target = event.target as Element;
    if (!element || event.button !== 0 || target.closest(".sd-thumb")) return;
    if (event.offsetX > element.clientWidth && target === element) return; // the scrollbar
    const box = boxOf(element);
    const add = hasCommand(event) || event.shiftKey;
    const place = (at: PointerEvent) =>
      [
        at.clientX - box.left - PADDING,
        at.clientY - box.top + scale.look(element.scrollTop),
      ] as const;
    const [x, y] = place(event);
    const before = add ? [...gallery.selected.get()] : [];
    let touched = false;
    element.setPointerCapture(event.pointerId);
    const stretch = (at: PointerEvent) => {
      const [toX, toY] = place(at);
      if (!touched && Math.hypot(toX - x, toY - y) < 4) return;
      touched = true;
      if (at.clientY > box.bottom - 16) element.scrollTop += 16;
      if (at.clientY < box.top + 16) element.scrollTop -= 16;
      const area = [
        Math.min(x, toX),
        Math.min(y, toY),
        Math.max(x, toX),
        Math.max(y, toY),
      ] as const;
      setBand(area);
      const ids = layout.within(...area).map((index) => gallery.found.get()?.known(index));
      gallery.set([...before, ...ids.filter((id) => id !== undefined)]);
    };
    const dragging = new AbortController();
    const end = () => {
      dragging.abort();
      setBand(null);
      if (!touched && !add) gallery.set([]);
    };
    const { signal } = dragging;
    listen(element, "pointermove", stretch, { signal });
    listen(element, "pointerup pointercancel", end, { signal });
  }

  const shift = scrolled - top;
  return (
    <div
      ref={scroller}
      class="sd-pictures"
      role="grid"
      aria-label="Pictures"
      aria-multiselectable="true"
      aria-rowcount={layout.rowCount}
      aria-colcount={layout.columns}
      aria-busy={!found}
      onScroll={(event) => setScrolled(event.currentTarget.scrollTop)}
      {...{ onKeyDown, onPointerDown }}
    >
      <div class="sd-sizer" role="presentation" style={{ height: `${scale.shown}px` }}>
        {rows.map((row) => (
          <div
            key={row.key}
            role="row"
            class="sd-row-of"
            aria-rowindex={layout.cell(row.first).row - (row.heading ? 1 : 0)}
            style={{ transform: `translateY(${row.top + shift}px)` }}
          >
            {row.heading ? (
              <Heading heading={row.heading} />
            ) : (
              times(row.count, (at) => {
                const index = row.first + at;
                const id = found?.known(index);
                return (
                  <Tile
                    key={index}
                    {...{ id, index, layout }}
                    chosen={id !== undefined && selected.has(id)}
                    focused={index === focused}
                  />
                );
              })
            )}
          </div>
        ))}
        {band && (
          <div
            class="sd-band"
            style={{
              transform: `translate(${band[0]}px, ${band[1] + shift}px)`,
              width: `${band[2] - band[0]}px`,
              height: `${band[3] - band[1]}px`,
            }}
          />
        )}
      </div>
    </div>
  );
}

const holds = ({ heading, first, count }: GridRow, index: number) =>
  !heading && index >= first && index < first + count;
