import { useRef, useState } from "preact/hooks";
import { type Area, pxStyle, type Rect } from "./geometry";
import { beginDrawing, pixelAt } from "./Marking";

/** The diameter of a round brush, then x and y of each point, in the picture's pixels. */
export type Stroke = number[];

/** Most numbers that the kernel takes. */
const MAX_NUMBERS = 20_000;
const numbersLeft = (strokes: Stroke[]) =>
  strokes.reduce((left, { length }) => left - length, MAX_NUMBERS);

const longerSide = ({ width, height }: Area) => Math.max(width, height);

/** The brush to begin with. */
export const initialBrush = (picture: Area): number => Math.round(longerSide(picture) / 12);

interface Props {
  strokes: Stroke[];
  brush: number;
  /** Where the picture is in the pane. */
  placed: Rect;
  picture: Area;
  change(strokes: Stroke[]): void;
}

/** The strokes over the picture; dragging paints more. */
export function Painting({ strokes, brush, placed, picture, change }: Props) {
  /** The strokes before the one that is drawn: several moves may come before they are shown. */
  const drawing = useRef<{ before: Stroke[]; stroke: Stroke } | null>(null);
  const [at, setAt] = useState<[number, number] | null>(null);

  const point = (event: PointerEvent) =>
    pixelAt(event, placed.width / picture.width).map(Math.round) as [number, number];

  function onPointerDown(event: PointerEvent) {
    if (!beginDrawing(event) || numbersLeft(strokes) < 5) return;
    const to = point(event);
    // A dot is a line to the same place.
    drawing.current = { before: strokes, stroke: [brush, ...to, ...to] };
    change([...strokes, drawing.current.stroke]);
  }

  function onPointerMove(event: PointerEvent) {
    const to = point(event);
    setAt(to);
    if (!drawing.current) return;
    const { before, stroke } = drawing.current;
    const [x = 0, y = 0] = stroke.slice(-2);
    if (Math.hypot(to[0] - x, to[1] - y) < brush / 8 || numbersLeft([...before, stroke]) < 2)
      return;
    drawing.current.stroke = [...stroke, ...to];
    change([...before, drawing.current.stroke]);
  }

  const onPointerUp = () => {
    drawing.current = null;
  };
  return (
    <svg
      aria-hidden="true"
      class="sd-marking"
      viewBox={`0 0 ${picture.width} ${picture.height}`}
      style={pxStyle(placed)}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
      onPointerLeave={() => setAt(null)}
    >
      <g>
        {strokes.map(([size, ...points], at) => (
          <polyline key={at} points={points.join(" ")} stroke-width={size} />
        ))}
      </g>
      {at && <circle cx={at[0]} cy={at[1]} r={brush / 2} />}
    </svg>
  );
}

/** How wide the brush is. */
export function Brush({ brush, picture, change }: Pick<Props, "brush" | "picture"> & SetBrush) {
  return (
    <label class="sd-brush">
      Brush, {brush} px
      <input
        type="range"
        min={Math.ceil(longerSide(picture) / 100)}
        max={Math.round(longerSide(picture) / 3)}
        value={brush}
        onInput={({ currentTarget }) => change(Number(currentTarget.value))}
      />
    </label>
  );
}

interface SetBrush {
  change(brush: number): void;
}
