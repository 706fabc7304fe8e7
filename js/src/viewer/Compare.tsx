import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { RadioGroup } from "../form/RadioGroup";
import { Refusal } from "../kernel/channel";
import { read } from "../kernel/parse";
import { type Difference, differenceReply, type Row, type Unequal } from "../kernel/wire";
import { arranged, type View } from "./geometry";
import { Layer, Pane } from "./Pane";
import { useViewer } from "./session";
import type { Look } from "./state";

export type Mode = "slider" | "side" | "fade" | "difference";

const MODES: [Mode, string][] = [
  ["slider", "Slider"],
  ["side", "Side by side"],
  ["fade", "Fade"],
  ["difference", "Difference"],
];

/** How two pictures are compared. */
export interface Comparing {
  mode: Mode;
  /** The divider lies across, and goes up and down. */
  across: boolean;
  /** Where it stands, and how far B has faded in, in percent. */
  at: number;
  unequal: Unequal;
}

export const COMPARING: Comparing = { mode: "slider", across: false, at: 50, unequal: "" };

interface Props {
  comparing: Comparing;
  change(part: Partial<Comparing>): void;
}

export function CompareModes({ comparing, change }: Props) {
  const { mode, across, at } = comparing;
  return (
    <>
      <RadioGroup
        label="Compare mode"
        class="sd-modes"
        optionClass="sd-tab"
        options={MODES.map(([value, label]) => ({ value, label, content: label }))}
        value={mode}
        onChange={(mode) => change({ mode: mode as Mode })}
      />
      {mode === "slider" && (
        <button
          type="button"
          class="sd-tab"
          aria-pressed={across}
          title="Divide left and right, or top and bottom"
          onClick={() => change({ across: !across })}
        >
          Turn
        </button>
      )}
      {mode === "fade" && (
        <input
          type="range"
          class="sd-fade"
          aria-label="Fade"
          aria-valuetext={`${at} % of B`}
          min={0}
          max={100}
          value={at}
          onInput={(event) => change({ at: event.currentTarget.valueAsNumber })}
        />
      )}
    </>
  );
}

const STEPS: Record<string, number> = {
  ArrowLeft: -2,
  ArrowUp: -2,
  ArrowRight: 2,
  ArrowDown: 2,
  PageUp: -10,
  PageDown: 10,
  Home: -100,
  End: 100,
};

function Divider({ comparing: { across, at }, change }: Props) {
  const line = useRef<HTMLDivElement>(null);
  const set = (value: number) => change({ at: Math.max(0, Math.min(100, value)) });
  function onKeyDown(event: KeyboardEvent) {
    const by = STEPS[event.key];
    if (by === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    set(Math.round(at + (event.shiftKey ? by * 5 : by)));
  }
  function onPointerDown(event: PointerEvent) {
    event.stopPropagation();
    line.current?.setPointerCapture?.(event.pointerId);
  }
  function onPointerMove(event: PointerEvent) {
    if (!event.buttons) return;
    event.stopPropagation();
    const box = line.current?.closest(".sd-pane")?.getBoundingClientRect();
    if (!box) return;
    const part = across
      ? (event.clientY - box.top) / box.height
      : (event.clientX - box.left) / box.width;
    set(Math.round(part * 1000) / 10);
  }
  return (
    <div
      ref={line}
      class={across ? "sd-divider sd-across" : "sd-divider"}
      role="slider"
      tabIndex={0}
      aria-label="Divider"
      aria-orientation={across ? "vertical" : "horizontal"}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(at)}
      aria-valuetext={`A takes ${Math.round(at)} %`}
      style={across ? { top: `${at}%` } : { left: `${at}%` }}
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
    >
      <i />
    </div>
  );
}

interface StageProps extends Props {
  a: Look;
  b: Look;
  view: View;
  setView(view: View): void;
}

/** Both pictures in one frame, or in two panes that move together. */
export function CompareStage({ a, b, view, setView, comparing, change }: StageProps) {
  const { mode, across, at, unequal } = comparing;
  const [frame, placedA, placedB] = arranged(a, b, unequal);
  const tags = (
    <>
      <span class="sd-tag">A · {a.words}</span>
      <span class={across && mode === "slider" ? "sd-tag sd-tag-below" : "sd-tag sd-tag-b"}>
        B · {b.words}
      </span>
    </>
  );
  if (mode === "side") {
    const pane = (picture: Look, placed: typeof placedA, tag: string) => (
      <Pane frame={frame} view={view} change={setView}>
        {(pane, view) => (
          <>
            <Layer key={picture.id} {...{ picture, placed, view, frame, pane }} />
            <span class="sd-tag">
              {tag} · {picture.words}
            </span>
          </>
        )}
      </Pane>
    );
    return (
      <div class="sd-beside">
        {pane(a, placedA, "A")}
        {pane(b, placedB, "B")}
      </div>
    );
  }
  const clip = across ? `inset(${at}% 0 0 0)` : `inset(0 0 0 ${at}%)`;
  const over = {
    slider: { clipPath: clip },
    fade: { opacity: at / 100 },
    difference: { mixBlendMode: "difference" },
  }[mode];
  return (
    <Pane
      frame={frame}
      view={view}
      change={setView}
      class={mode === "difference" ? "sd-apart" : ""}
    >
      {(pane, view) => (
        <>
          <Layer key={`a ${a.id}`} picture={a} placed={placedA} {...{ view, frame, pane }} />
          <Layer
            key={`b ${b.id}`}
            picture={b}
            placed={placedB}
            style={over}
            {...{ view, frame, pane }}
          />
          {mode === "slider" && <Divider comparing={comparing} change={change} />}
          {tags}
        </>
      )}
    </Pane>
  );
}

const percent = (share: number) => {
  const value = share * 100;
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
};

/** How far two pictures are apart, as the kernel counts it. */
export function Numbers({ a, b, unequal }: { a: Look; b: Look; unequal: Unequal }) {
  const { channel } = useViewer();
  const [found, setFound] = useState<Difference | string>("");
  useEffect(() => {
    const leaving = new AbortController();
    setFound("Counting…");
    channel
      .request(
        { kind: "difference", first: a.id, second: b.id, unequal },
        { quiet: true, signal: leaving.signal },
      )
      .then(({ result }) => setFound(read(differenceReply, result) ?? "No numbers came."))
      .catch((error) => error instanceof Refusal && setFound(error.message));
    return () => leaving.abort();
  }, [channel, a.id, b.id, unequal]);
  if (typeof found === "string") return <p class="sd-hint">{found}</p>;
  return (
    <dl class="sd-facts" aria-label="Difference">
      <Fact name="Mean difference">{found.mean.toFixed(1)} of 255</Fact>
      <Fact name="Changed">{percent(found.changed)} of the pixels</Fact>
      {found.ssim !== null && <Fact name="SSIM">{found.ssim.toFixed(3)}</Fact>}
    </dl>
  );
}

export const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** What is said where two sizes differ; they are fitted or cropped only when asked. */
export function Sizes({ a, b, comparing, change }: { a: Look; b: Look } & Props) {
  if (a.width === b.width && a.height === b.height) return null;
  const choice = (unequal: Unequal, name: string, title: string) => (
    <button
      type="button"
      class="sd-tab"
      aria-pressed={comparing.unequal === unequal}
      title={title}
      onClick={() => change({ unequal: comparing.unequal === unequal ? "" : unequal })}
    >
      {name}
    </button>
  );
  return (
    <div class="sd-sizes">
      <p>
        A has {a.width} × {a.height} pixels, B {b.width} × {b.height}.
      </p>
      {choice("fit", "Fit B to A", "Scale B until it fills A, and cut what is left over")}
      {choice("crop", "Crop both", "Cut both to the size they have in common, about the middle")}
    </div>
  );
}

/** The settings of both; what differs stands in two marked cells. */
export function Settings({ a, b }: { a: Row[]; b: Row[] }) {
  const names = [...new Set([...a, ...b].map(({ name }) => name))];
  const textOf = (rows: Row[], name: string) => rows.find((row) => row.name === name)?.text ?? "";
  return (
    <table class="sd-settings">
      <thead>
        <tr>
          <td />
          <th scope="col">A</th>
          <th scope="col">B</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => {
          const [one, two] = [textOf(a, name), textOf(b, name)];
          return (
            <tr key={name} class={one === two ? "" : "sd-differs"}>
              <th scope="row">
                {name}
                {one !== two && <span class="sd-hidden"> differs</span>}
              </th>
              {one === two ? (
                <td colSpan={2}>{one}</td>
              ) : (
                [one, two].map((text, at) => <td key={at}>{text || "–"}</td>)
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
