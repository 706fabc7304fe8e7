import { useRef } from "preact/hooks";
import { clamp } from "../kernel/numbers";
import { boxOf } from "../kernel/page";
import { type Area, pxStyle, type Rect } from "./geometry";

const SIDES = ["Left", "Top", "Right", "Bottom"] as const;

/** Left, top, right and bottom in the picture's pixels. */
export type Box = [number, number, number, number];

/** The middle of a picture: where marking begins. */
export const middleBox = ({ width, height }: Area): Box =>
  [width / 4, height / 4, (width * 3) / 4, (height * 3) / 4].map(Math.round) as Box;

/** A box with its edges in order, within the picture, and one pixel large at least. */
export function within([a, b, c, d]: Box, { width, height }: Area): Box {
  const at = (value: number, most: number) => clamp(0, Math.round(value), most);
  const [left, right] = [at(Math.min(a, c), width - 1), at(Math.max(a, c), width)];
  const [top, bottom] = [at(Math.min(b, d), height - 1), at(Math.max(b, d), height)];
  return [left, top, Math.max(right, left + 1), Math.max(bottom, top + 1)];
}

/** A box after one edge was typed: it stays as typed, and pushes the opposite edge if need be. */
export function withEdge(box: Box, side: number, edge: number, picture: Area): Box {
  const across = (side + 2) % 4;
  const other = box[across] as number;
  const next = [...box];
  next[side] = edge;
  next[across] = side < 2 ? Math.max(other, edge + 1) : Math.min(other, edge - 1);
  return within(next as Box, picture);
}

/** Have a press of the main button draw, rather than move the pane; tells whether it does. */
export function beginDrawing(event: PointerEvent): boolean {
  if (event.button !== 0) return false;
  event.stopPropagation();
  (event.currentTarget as Element).setPointerCapture(event.pointerId);
  return true;
}

/** Where an event is on what covers the picture, in its pixels. */
export function pixelAt(event: PointerEvent, scale: number): [number, number] {
  const { left, top } = boxOf(event.currentTarget as Element);
  return [(event.clientX - left) / scale, (event.clientY - top) / scale];
}

interface Props {
  box: Box;
  /** Where the picture is in the pane. */
  placed: Rect;
  picture: Area;
  change(box: Box): void;
}

/** A box over the picture; a drag draws another. */
export function Marking({ box, placed, picture, change }: Props) {
  const from = useRef<[number, number] | null>(null);
  const scale = placed.width / picture.width;
  const [left, top, right, bottom] = box;

  function onPointerDown(event: PointerEvent) {
    if (beginDrawing(event)) from.current = pixelAt(event, scale);
  }

  function onPointerMove(event: PointerEvent) {
    if (from.current) change(within([...from.current, ...pixelAt(event, scale)], picture));
  }

  const onPointerUp = () => {
    from.current = null;
  };
  return (
    <div
      class="sd-marking"
      style={pxStyle(placed)}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
    >
      <div
        style={pxStyle({
          left: left * scale,
          top: top * scale,
          width: (right - left) * scale,
          height: (bottom - top) * scale,
        })}
      />
    </div>
  );
}

/** The same by keyboard: the edges as numbers. */
export function Edges({ box, picture, change }: Omit<Props, "placed">) {
  return (
    <fieldset class="sd-edges">
      <legend>Region in pixels</legend>
      {SIDES.map((name, side) => (
        <label key={name}>
          {name}
          <input
            class="sd-input"
            type="number"
            min={0}
            max={side % 2 ? picture.height : picture.width}
            value={box[side]}
            onChange={({ currentTarget }) =>
              change(withEdge(box, side, Number(currentTarget.value) || 0, picture))
            }
          />
        </label>
      ))}
    </fieldset>
  );
}
