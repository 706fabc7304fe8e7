import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useAnswer } from "../controls/answer";
import { Chip, Grow, IconButton } from "../controls/buttons";
import { Close, Next, Previous } from "../controls/icons";
import { ARROWS } from "../controls/keys";
import { clamp } from "../kernel/numbers";
import { activeIn, boxOf, bringIntoSight, consume, focusOn } from "../kernel/page";
import { useStore } from "../kernel/store";
import type { Receipt } from "../kernel/wire";
import {
  CompareModes,
  CompareStage,
  type Comparing,
  INITIAL_COMPARING,
  Sizes,
  useDifference,
} from "./Compare";
import { actualSize, FIT, frameRect, panned, type View, zoomed } from "./geometry";
import { Lineage } from "./Lineage";
import { type Box, Edges, Marking, middleBox } from "./Marking";
import { Brush, initialBrush, Painting, type Stroke } from "./Painting";
import { Layer, Pane } from "./Pane";
import { ReceiptTable } from "./ReceiptTable";
import { useViewer } from "./session";
import { NOTHING, type Shown, type ViewedPicture } from "./state";

const ZOOM_STEP = 1.25;
const PAN_STEP = 80;
const LEAST_HEIGHT = 420;
const ABOVE_AND_BELOW = 120;

/** "Picture 3 of 12: a red fox in snow". */
function title({ at, list: { total }, picture, pinned }: Shown): string {
  const which = `icture${total > 1 ? ` ${at + 1} of ${total}` : ""}: ${picture.words}`;
  return pinned ? `A: ${pinned.words}. B, p${which}` : `P${which}`;
}

function useReceipt(picture: ViewedPicture | null): Receipt {
  const { viewer } = useViewer();
  const [found, setFound] = useState(NOTHING);
  const id = picture?.id;
  const ask = () => {
    setFound(NOTHING);
    return id ? viewer.receipt(id) : undefined;
  };
  useAnswer(ask, setFound, [viewer, id]);
  return found;
}

/** What alone is to change of a picture: a box, or what is painted; null where neither is on. */
type DrawnRegion = Box | Stroke[] | null;

const isBox = (region: DrawnRegion): region is Box => typeof region?.[0] === "number";

/** While a dialog is open the rest of the widget is inert, except for the live region. */
function useModal(box: { current: HTMLElement | null }, isDialog: boolean) {
  useLayoutEffect(() => {
    const dialog = box.current;
    const cover = dialog?.parentElement;
    const root = cover?.parentElement;
    if (!isDialog || !dialog || !root) return;
    const opener = activeIn(root);
    root.dataset.sdViewing = "";
    const others = [...root.children].filter(
      (each) => each !== cover && !each.matches("[role=status], [role=alert]"),
    ) as HTMLElement[];
    for (const each of others) each.inert = true;
    // Open near the click, as a long widget may reach far beyond the screen.
    const { top, height: all } = boxOf(root);
    const most = Math.max(LEAST_HEIGHT, innerHeight - ABOVE_AND_BELOW);
    const height = Math.min(all, most);
    const place = opener ? boxOf(opener) : { top, height };
    const middle = place.top + place.height / 2 - top - height / 2;
    dialog.style.top = `${clamp(0, middle, all - height)}px`;
    dialog.style.maxHeight = `${most}px`;
    focusOn(dialog);
    bringIntoSight(dialog);
    // On a page that is lower than it, its buttons come first.
    bringIntoSight(dialog.firstElementChild);
    return () => {
      delete root.dataset.sdViewing;
      for (const each of others) each.inert = false;
      focusOn(root.contains(opener) ? (opener as HTMLElement) : root);
    };
  }, [box, isDialog]);
}

/** Keep Tab within the dialog. */
function keepFocus(event: KeyboardEvent, box: HTMLElement) {
  const stops = [...box.querySelectorAll<HTMLElement>("button, input, [tabindex='0']")].filter(
    (each) => each.tabIndex >= 0,
  );
  const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  const activeElement = activeIn(box);
  if (activeElement !== from && !(event.shiftKey && activeElement === box)) return;
  event.preventDefault();
  to?.focus();
}

interface RegionToolsProps {
  picture: ViewedPicture;
  region: DrawnRegion;
  setRegion(region: DrawnRegion): void;
  brush: number;
  setBrush(brush: number): void;
}

/** Mark a box or paint, and have only that changed. */
function RegionTools({ picture, region, setRegion, brush, setBrush }: RegionToolsProps) {
  const { changeRegion } = useViewer();
  const [box, strokes] = isBox(region) ? [region, null] : [null, region];
  return (
    <>
      {box && <Edges change={setRegion} {...{ box, picture }} />}
      <Chip
        aria-pressed={!!box}
        onClick={() => setRegion(box ? null : middleBox(picture))}
        title="Mark a box, by dragging or in numbers; only that is changed"
      >
        Mark a region
      </Chip>
      <Chip
        aria-pressed={!!strokes}
        onClick={() => setRegion(strokes ? null : [])}
        title="Paint over the picture by dragging; only that is changed"
      >
        Paint a region
      </Chip>
      {strokes && (
        <>
          <Brush change={setBrush} {...{ brush, picture }} />
          <Chip aria-disabled={!strokes.length} onClick={() => setRegion(strokes.slice(0, -1))}>
            Undo stroke
          </Chip>
        </>
      )}
      {!!region?.length && (
        <Chip onClick={() => changeRegion?.(picture, region)}>Change this region</Chip>
      )}
    </>
  );
}

interface Props {
  shown: Shown;
  /** Absent for a widget of its own, which stays. */
  close?: () => void;
}

function ViewerBox({ shown, close }: Props) {
  const { viewer, announcer, tools, favour, changeRegion } = useViewer();
  const [region, setRegion] = useState<DrawnRegion>(null);
  const [brush, setBrush] = useState(0);
  const { picture, pinned, at, list } = shown;
  const dialog = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>(FIT);
  const [comparing, setComparing] = useState<Comparing>(INITIAL_COMPARING);
  const [aside, showAside] = useState(true);
  const { rows, inputs: given, line } = useReceipt(picture);
  const receiptOfA = useReceipt(pinned);
  const gone = useStore(viewer.gone);
  // With a deleted picture one can only go on to others.
  const lost = gone[picture.id] || (pinned && gone[pinned.id]);
  const inputs = lost ? [] : given;
  /** Another kernel may have deleted it, and nobody tells of that. */
  const lookAgain = () => void viewer.receipt(picture.id);
  const numbers = useDifference(pinned, picture, comparing);
  const words = title(shown);
  const change = (part: Partial<Comparing>) => setComparing((old) => ({ ...old, ...part }));
  useModal(dialog, Boolean(close));

  useEffect(() => announcer.say(lost || words, true), [announcer, words, lost]);
  // Show another picture as a whole, but in a comparison keep the same part in view.
  useEffect(() => {
    if (!pinned) setView(FIT);
    setRegion(null);
    setBrush(initialBrush(picture));
  }, [picture.id]);

  function compare() {
    if (pinned) return viewer.pin(null);
    if (lost || list.total < 2) return compareInput();
    viewer.pin(picture, at);
    return viewer.step(at + 1 < list.total ? 1 : -1);
  }

  /** The next of the pictures that it was made of, as A. */
  function compareInput() {
    const next = inputs[(inputs.findIndex(({ id }) => id === pinned?.id) + 1) % inputs.length];
    if (next) viewer.pin({ ...next, words: next.name });
  }

  /** Mark the better one and compare it, as A, with the next; after the last, show it alone. */
  async function pick(winner: ViewedPicture) {
    await favour?.(winner);
    if (viewer.shown.get() !== shown) return;
    announcer.say(`${winner === picture ? "B" : "A"} is picked`);
    if (await viewer.step(1)) viewer.pin(winner, winner === picture ? at : shown.pinnedAt);
    else if (close) viewer.walk([winner.id], 0);
  }

  const zoom = (to: (zoom: number) => number) =>
    setView((old) => (old.zoom ? zoomed(old, to(old.zoom)) : old));
  const larger = () => zoom((old) => old * ZOOM_STEP);
  const toggleAside = () => showAside((old) => !old);
  const fit = () => setView(FIT);

  const KEYS: Record<string, (() => unknown) | undefined> = {
    Escape: close,
    "+": larger,
    "=": larger,
    "-": () => zoom((old) => old / ZOOM_STEP),
    "0": fit,
    i: toggleAside,
    c: close && compare,
    r: compareInput,
    PageUp: () => viewer.step(-1),
    PageDown: () => viewer.step(1),
    ...(pinned && !lost && { "1": () => pick(pinned), "2": () => pick(picture) }),
  };

  function onArrow([right, down]: readonly [number, number], event: KeyboardEvent) {
    // Between pictures as long as the whole one is seen; Alt moves what is zoomed in any case.
    if (event.altKey || (!view.fit && !pinned)) {
      setView((old) => (old.fit ? old : panned(old, right * PAN_STEP, down * PAN_STEP)));
      return;
    }
    const which = event.shiftKey && pinned ? "pinned" : "picture";
    const from = which === "pinned" ? shown.pinnedAt : at;
    const by = list.along ? list.along(from, right, down) - from : right;
    if (by) void viewer.step(by, which);
  }

  function onKeyDown(event: KeyboardEvent) {
    const { key, ctrlKey, metaKey, target } = event;
    if (key === "Tab" && close && dialog.current) return keepFocus(event, dialog.current);
    if (key.length === 1 && (target as Element).matches("input[type=number]")) return;
    const arrow = ARROWS[key];
    const action = KEYS[key.toLowerCase()] ?? KEYS[key];
    if (ctrlKey || metaKey || event.defaultPrevented || !(arrow || action)) return;
    if ((arrow || key.startsWith("Page")) && (target as Element).matches("input, [role=radio]"))
      return;
    consume(event);
    if (arrow) onArrow(arrow, event);
    else void action?.();
  }

  const step = (by: number, name: string, Icon: typeof Next) => (
    <IconButton
      aria-label={name}
      aria-disabled={!list.total || at + by < 0 || at + by >= list.total}
      onClick={() => viewer.step(by)}
    >
      <Icon />
    </IconButton>
  );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it is a dialog, or a group
    <div
      ref={dialog}
      class="sd-viewer"
      {...(close ? DIALOG : GROUP)}
      onKeyDown={onKeyDown}
      onMouseEnter={lookAgain}
    >
      <header class="sd-bar">
        {close && (
          <IconButton aria-label="Close" onClick={close}>
            <Close />
          </IconButton>
        )}
        {list.total > 1 && (
          <>
            {step(-1, "Previous picture", Previous)}
            {step(1, "Next picture", Next)}
          </>
        )}
        <b title={words}>{`${pinned ? "B: " : ""}${at + 1} of ${list.total}`}</b>
        <Grow />
        {pinned && <CompareModes comparing={comparing} change={change} />}
        {close && (
          <Chip
            aria-pressed={pinned !== null}
            aria-disabled={!pinned && (!!lost || list.total < 2) && !inputs.length}
            onClick={compare}
            title="Compare with the next picture (C)"
          >
            Compare
          </Chip>
        )}
        {inputs.length > 0 && (
          <Chip onClick={compareInput} title="Compare with a picture that it was made from (R)">
            Before
          </Chip>
        )}
        <Chip aria-pressed={view.fit} onClick={fit}>
          Fit
        </Chip>
        <Chip
          aria-pressed={!view.fit && view.zoom === actualSize()}
          onClick={() => zoom(actualSize)}
        >
          100 %
        </Chip>
        <Chip aria-pressed={aside} onClick={toggleAside} title="Details of request and result (I)">
          Receipt
        </Chip>
      </header>
      {pinned ? (
        <CompareStage a={pinned} b={picture} {...{ view, setView, comparing, change }} />
      ) : (
        <Pane frame={picture} view={view} change={setView}>
          {(pane, view) => {
            const placed = frameRect(view, picture, pane);
            return (
              <>
                <Layer
                  key={picture.id}
                  placed={{ left: 0, top: 0, scale: 1 }}
                  frame={picture}
                  {...{ picture, view, pane }}
                />
                {isBox(region) ? (
                  <Marking box={region} change={setRegion} {...{ placed, picture }} />
                ) : (
                  region && (
                    <Painting strokes={region} change={setRegion} {...{ brush, placed, picture }} />
                  )
                )}
              </>
            );
          }}
        </Pane>
      )}
      {aside && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
        <aside class="sd-aside" aria-label="Receipt" tabIndex={0}>
          {pinned && <Sizes a={pinned} b={picture} {...{ comparing, change }} />}
          <ReceiptTable
            columns={
              pinned
                ? [
                    [...numbers, ...receiptOfA.rows],
                    [...numbers, ...rows],
                  ]
                : [rows]
            }
          />
          <Lineage line={line} />
          {!lost && (
            <div class="sd-tools">
              {pinned && (
                <>
                  <Chip onClick={() => pick(pinned)}>Pick A (1)</Chip>
                  <Chip onClick={() => pick(picture)}>Pick B (2)</Chip>
                </>
              )}
              {changeRegion && !pinned && (
                <RegionTools {...{ picture, region, setRegion, brush, setBrush }} />
              )}
              {tools.map(({ name, run }) => (
                <Chip
                  key={name}
                  onClick={() => {
                    run(picture);
                    lookAgain();
                  }}
                >
                  {name}
                </Chip>
              ))}
            </div>
          )}
        </aside>
      )}
    </div>
  );
}

const DIALOG = {
  role: "dialog",
  "aria-modal": true,
  "aria-label": "Viewer",
  tabIndex: -1,
} as const;
const GROUP = { role: "group", "aria-label": "Compare" } as const;

/** The dialog while a picture is open, within the widget's own box. */
export function Viewer() {
  const { viewer } = useViewer();
  const shown = useStore(viewer.shown);
  return (
    shown && (
      <div class="sd-cover">
        <ViewerBox shown={shown} close={viewer.close} />
      </div>
    )
  );
}

/** Two pictures beside each other, as a widget of its own. */
export function CompareWidget() {
  const shown = useStore(useViewer().viewer.shown);
  return shown && <ViewerBox shown={shown} />;
}
