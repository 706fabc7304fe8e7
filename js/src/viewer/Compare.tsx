import { useEffect, useRef, useState } from "preact/hooks";
import { Chip } from "../controls/buttons";
import { stepOf } from "../controls/keys";
import { RadioGroup } from "../controls/RadioGroup";
import { Refusal } from "../kernel/channel";
import { clamp } from "../kernel/numbers";
import { boxOf, consume } from "../kernel/page";
import { read } from "../kernel/parse";
import { differenceReply, type Row, type Unequal } from "../kernel/wire";
import { arranged, type View } from "./geometry";
import { Layer, Pane } from "./Pane";
import { useViewer } from "./session";
import type { ViewedPicture } from "./state";

const MODES = ["Slider", "Side by side", "Fade", "Difference"] as const;

/** How two pictures are compared. */
export interface Comparing {
  mode: (typeof MODES)[number];
  /** Whether the divider is horizontal, and moves up and down. */
  across: boolean;
  /** Where it stands, and how far B has faded in, in percent. */
  at: number;
  unequal: Unequal;
}

export const INITIAL_COMPARING: Comparing = { mode: "Slider", across: false, at: 50, unequal: "" };

interface Props {
  comparing: Comparing;
  change(part: Partial<Comparing>): void;
}

interface Pair extends Props {
  a: ViewedPicture;
  b: ViewedPicture;
}

export function CompareModes({ comparing: { mode, across, at }, change }: Props) {
  return (
    <>
      <RadioGroup
        label="Compare mode"
        class="sd-modes"
        optionClass="sd-chip"
        options={MODES.map((value) => ({ value, label: value, content: value }))}
        value={mode}
        onChange={(mode) => change({ mode: mode as Comparing["mode"] })}
      />
      {mode === "Slider" && (
        <Chip aria-pressed={across} onClick={() => change({ across: !across })}>
          Turn
        </Chip>
      )}
      {mode === "Fade" && (
        <input
          type="range"
          aria-label="Fade"
          value={at}
          onInput={(event) => change({ at: event.currentTarget.valueAsNumber })}
        />
      )}
    </>
  );
}

function Divider({ comparing: { across, at }, change }: Props) {
  const line = useRef<HTMLDivElement>(null);
  const set = (value: number) => change({ at: clamp(0, value, 100) });
  function onKeyDown(event: KeyboardEvent) {
    const by = stepOf(event.key) ?? { Home: -50, End: 50 }[event.key];
    if (!by) return;
    consume(event);
    set(Math.round(at) + by * (event.shiftKey ? 10 : 2));
  }
  function onPointer(event: PointerEvent) {
    event.stopPropagation();
    if (!event.buttons || !line.current) return;
    line.current.setPointerCapture(event.pointerId);
    const box = boxOf(line.current.parentElement as Element);
    const { top, left, width, height } = box;
    set(100 * (across ? (event.clientY - top) / height : (event.clientX - left) / width));
  }
  return (
    <div
      ref={line}
      class="sd-divider"
      role="slider"
      tabIndex={0}
      aria-label="Divider"
      aria-orientation={across ? "vertical" : "horizontal"}
      aria-valuenow={Math.round(at)}
      style={{ [across ? "top" : "left"]: `${at}%` }}
      onKeyDown={onKeyDown}
      onPointerDown={onPointer}
      onPointerMove={onPointer}
    />
  );
}

interface StageProps extends Pair {
  view: View;
  setView(view: View): void;
}

/** Both pictures in one frame, or in two panes that move together. */
export function CompareStage({ a, b, view, setView, comparing, change }: StageProps) {
  const { mode, across, at, unequal } = comparing;
  const [frame, ...places] = arranged(a, b, unequal);
  const styles = {
    Slider: { clipPath: across ? `inset(${at}% 0 0)` : `inset(0 0 0 ${at}%)` },
    Fade: { opacity: at / 100 },
    Difference: { mixBlendMode: "difference" },
    "Side by side": {},
  };
  const slides = mode === "Slider";
  const panes = (mode === "Side by side" ? [[0], [1]] : [[0, 1]]).map((shown) => (
    <Pane key={shown[0]} frame={frame} view={view} change={setView}>
      {(pane, view) => (
        <>
          {shown.map((which) => {
            const picture = which ? b : a;
            const placed = places[which] as (typeof places)[0];
            return (
              <Layer
                key={`${which} ${picture.id}`}
                {...{ picture, placed, view, frame, pane }}
                style={which ? styles[mode] : {}}
              />
            );
          })}
          {shown.map((which) => (
            <span key={which} class="sd-tag">
              {which ? `B · ${b.words}` : `A · ${a.words}`}
            </span>
          ))}
          {slides && <Divider comparing={comparing} change={change} />}
        </>
      )}
    </Pane>
  ));
  return <div class="sd-panes">{panes}</div>;
}

/** The kernel's measures of the difference, requested only in the mode that shows them. */
export function useDifference(
  a: ViewedPicture | null,
  b: ViewedPicture,
  { mode, unequal }: Comparing,
): Row[] {
  const { channel } = useViewer();
  const [rows, setRows] = useState<Row[]>([]);
  const first = mode === "Difference" && a?.id;
  useEffect(() => {
    const leaving = new AbortController();
    const say = (text: string) => setRows([{ name: "Difference", text }]);
    setRows([]);
    if (!first) return;
    say("Counting…");
    channel
      .request(
        { kind: "difference", first, second: b.id, unequal },
        { quiet: true, signal: leaving.signal },
      )
      .then(({ result }) => {
        setRows(read(differenceReply, result)?.rows ?? []);
      })
      .catch((error) => error instanceof Refusal && say(error.message));
    return () => leaving.abort();
  }, [channel, first, b.id, unequal]);
  return rows;
}

/** The note shown if the sizes differ; pictures are fitted or cropped only on request. */
export function Sizes({ a, b, comparing: { unequal }, change }: Pair) {
  if (a.width === b.width && a.height === b.height) return null;
  const choice = (value: Unequal, name: string) => (
    <Chip
      aria-pressed={unequal === value}
      onClick={() => change({ unequal: unequal === value ? "" : value })}
    >
      {name}
    </Chip>
  );
  return (
    <div class="sd-tools">
      A has {a.width} × {a.height} pixels, B {b.width} × {b.height}.{choice("fit", "Fit B to A")}
      {choice("crop", "Crop both")}
    </div>
  );
}
