import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Close, Next, Previous } from "../files/icons";
import { useStore } from "../kernel/store";
import type { Receipt } from "../kernel/wire";
import {
  COMPARING,
  CompareModes,
  CompareStage,
  type Comparing,
  Fact,
  Numbers,
  Settings,
  Sizes,
} from "./Compare";
import { FIT, onePixel, panned, type View, zoomed } from "./geometry";
import { Layer, Pane } from "./Pane";
import { useViewer } from "./session";
import type { Look, Shown } from "./state";

const ZOOM_STEP = 1.25;
const PAN_STEP = 80;
const LEAST_HEIGHT = 420;
const ABOVE_AND_BELOW = 120;
const FOCUSABLE = "button:not([tabindex='-1']), input, [tabindex='0']";

/** "Picture 3 of 12: a red fox in snow". */
function title({ at, list: { total }, picture, pinned }: Shown): string {
  const which = total > 1 ? `Picture ${at + 1} of ${total}` : "Picture";
  return pinned
    ? `A: ${pinned.words}. B, ${which.toLowerCase()}: ${picture.words}`
    : `${which}: ${picture.words}`;
}

/** What is known of a picture; a sentence where nothing is, null until it comes. */
function useReceipt(picture: Look | null): Receipt | string | null {
  const { viewer } = useViewer();
  const [found, setFound] = useState<Receipt | string | null>(null);
  const id = picture?.id;
  useEffect(() => {
    let left = false;
    setFound(null);
    if (id) void viewer.receipt(id).then((receipt) => !left && setFound(receipt));
    return () => {
      left = true;
    };
  }, [viewer, id]);
  return found;
}

const rowsOf = (receipt: Receipt | string | null) =>
  receipt && typeof receipt === "object" ? receipt.rows : [];

/** The rest of the widget is out of reach while a dialog is open, but for what is read out. */
function useModal(box: { current: HTMLElement | null }, opener: Element | null) {
  useLayoutEffect(() => {
    const dialog = box.current;
    const cover = dialog?.parentElement;
    const root = cover?.closest<HTMLElement>(".sd-root");
    if (!dialog || !cover || !root) return;
    root.dataset.sdViewing = "";
    const others = [...root.children].filter(
      (each): each is HTMLElement =>
        each instanceof HTMLElement &&
        each !== cover &&
        !each.matches("[role=status], [role=alert]"),
    );
    for (const each of others) each.inert = true;
    const most = Math.max(LEAST_HEIGHT, globalThis.innerHeight - ABOVE_AND_BELOW);
    const height = Math.min(root.clientHeight, most);
    // Where its picture was clicked: a long widget may reach far beyond the screen.
    const place = opener?.getBoundingClientRect();
    const middle = place ? place.top + place.height / 2 - root.getBoundingClientRect().top : 0;
    const top = Math.max(0, Math.min(middle - height / 2, root.clientHeight - height));
    dialog.style.top = `${top}px`;
    dialog.style.height = height > 0 ? `${height}px` : "";
    dialog.focus({ preventScroll: true });
    dialog.scrollIntoView?.({ block: "nearest" });
    return () => {
      delete root.dataset.sdViewing;
      for (const each of others) each.inert = false;
      const next = opener?.isConnected && opener !== root ? opener : root;
      (next as HTMLElement).focus({ preventScroll: true });
    };
  }, [box, opener]);
}

/** Tab goes round in a dialog. */
function keepFocus(event: KeyboardEvent, box: HTMLElement) {
  const stops = [...box.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (each) => each.offsetParent !== null || !box.checkVisibility,
  );
  const [first, last] = [stops[0], stops[stops.length - 1]];
  const active = (box.getRootNode() as Document | ShadowRoot).activeElement;
  const leaves = event.shiftKey ? active === first || active === box : active === last;
  if (!leaves) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

interface Props {
  shown: Shown;
  /** Absent for a widget of its own, which stays. */
  close?: (() => void) | undefined;
}

function Open({ shown, close }: Props) {
  const { viewer, announcer, tools, favour } = useViewer();
  const { picture, pinned, at } = shown;
  const { total } = shown.list;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>(FIT);
  const [comparing, setComparing] = useState<Comparing>(COMPARING);
  const [asideShown, showAside] = useState(true);
  const receipt = useReceipt(picture);
  const receiptOfA = useReceipt(pinned);
  const words = title(shown);
  const inputs = receipt && typeof receipt === "object" ? receipt.inputs : [];
  const change = (part: Partial<Comparing>) => setComparing((old) => ({ ...old, ...part }));

  useEffect(() => announcer.say(words), [announcer, words]);
  // Another picture is looked at as a whole; of two that are compared the same part.
  useEffect(() => {
    if (!pinned) setView(FIT);
  }, [picture.id]);

  function compare() {
    if (pinned) return viewer.pin(null);
    if (total < 2) return compareInput();
    viewer.pin(picture, at);
    void viewer.step(at + 1 < total ? 1 : -1);
  }

  /** The next of the pictures that it was made of, as A. */
  function compareInput() {
    const now = inputs.findIndex(({ id }) => id === pinned?.id);
    const next = inputs[(now + 1) % inputs.length];
    if (next) viewer.pin({ ...next, words: next.name });
  }

  /** The better one is marked, stays as A, and meets the next. */
  async function pick(winner: Look) {
    await favour?.(winner);
    if (viewer.shown.get() !== shown) return;
    announcer.say(`${winner === picture ? "B" : "A"} is picked`);
    viewer.pin(winner, winner === picture ? at : shown.pinnedAt);
    await viewer.step(1);
  }

  const zoomBy = (factor: number) =>
    setView((old) => zoomed(old.zoom ? old : { ...old, zoom: 1 }, (old.zoom || 1) * factor));

  const KEYS: Record<string, () => unknown> = {
    "+": () => zoomBy(ZOOM_STEP),
    "=": () => zoomBy(ZOOM_STEP),
    "-": () => zoomBy(1 / ZOOM_STEP),
    "0": () => setView(FIT),
    i: () => showAside((old) => !old),
    c: compare,
    r: compareInput,
    PageUp: () => viewer.step(-1),
    PageDown: () => viewer.step(1),
    Home: () => viewer.step(-Infinity),
    End: () => viewer.step(Infinity),
    ...(pinned && { "1": () => pick(pinned), "2": () => pick(picture) }),
  };
  const ARROWS: Record<string, [number, number]> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  };

  function onArrow([right, down]: [number, number], event: KeyboardEvent) {
    // Between pictures as long as the whole one is seen; Alt moves what is zoomed in any case.
    if (event.altKey || (!view.fit && !pinned)) {
      setView((old) => (old.fit ? old : panned(old, right * PAN_STEP, down * PAN_STEP)));
    } else if (right) void viewer.step(right, event.shiftKey && pinned ? "pinned" : "picture");
  }

  function onKeyDown(event: KeyboardEvent) {
    const { key, ctrlKey, metaKey } = event;
    if (key === "Tab" && close && box.current) return keepFocus(event, box.current);
    if (ctrlKey || metaKey || event.defaultPrevented) return;
    if ((event.target as Element).matches("input, [role=radio]") && key.startsWith("Arrow")) return;
    const arrow = ARROWS[key];
    const action = key === "Escape" ? close : KEYS[key.length === 1 ? key.toLowerCase() : key];
    if (!arrow && !action) return;
    event.preventDefault();
    event.stopPropagation();
    if (arrow) onArrow(arrow, event);
    else void action?.();
  }

  const single = { width: picture.width, height: picture.height };
  const name = asideShown ? "sd-viewer sd-with-aside" : "sd-viewer";
  const inside = (
    <>
      <header class="sd-viewer-bar">
        {close && (
          <button
            type="button"
            class="sd-icon-button"
            aria-label="Close"
            title="Close (Esc)"
            onClick={close}
          >
            <Close />
          </button>
        )}
        <Steps shown={shown} />
        <span class="sd-grow" />
        {pinned && <CompareModes comparing={comparing} change={change} />}
        {close && (
          <button
            type="button"
            class="sd-tab"
            aria-pressed={pinned !== null}
            aria-disabled={total < 2 && inputs.length === 0 && !pinned}
            title="Compare with another picture (C)"
            onClick={compare}
          >
            Compare
          </button>
        )}
        {inputs.length > 0 && (
          <button
            type="button"
            class="sd-tab"
            title="Compare with the picture it was made of (R)"
            onClick={compareInput}
          >
            With its input
          </button>
        )}
        <button
          type="button"
          class="sd-tab"
          aria-pressed={view.fit}
          title="All of it (0)"
          onClick={() => setView(FIT)}
        >
          Fit
        </button>
        <button
          type="button"
          class="sd-tab"
          aria-pressed={!view.fit && view.zoom === onePixel()}
          title="One pixel of it on one of the screen"
          onClick={() => setView((old) => zoomed(old.zoom ? old : { ...old, zoom: 1 }, onePixel()))}
        >
          100 %
        </button>
        <button
          type="button"
          class="sd-tab"
          aria-pressed={asideShown}
          title="What was asked and what came (I)"
          onClick={() => showAside(!asideShown)}
        >
          Receipt
        </button>
      </header>
      {pinned ? (
        <CompareStage a={pinned} b={picture} {...{ view, setView, comparing, change }} />
      ) : (
        <Pane frame={single} view={view} change={setView}>
          {(pane, view) => (
            <Layer
              key={picture.id}
              picture={picture}
              placed={{ left: 0, top: 0, scale: 1 }}
              frame={single}
              {...{ view, pane }}
            />
          )}
        </Pane>
      )}
      {asideShown && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
        <aside class="sd-aside" aria-label={pinned ? "Settings of both" : "Receipt"} tabIndex={0}>
          {pinned && <Sizes a={pinned} b={picture} {...{ comparing, change }} />}
          {pinned && comparing.mode === "difference" && (
            <Numbers a={pinned} b={picture} unequal={comparing.unequal} />
          )}
          {typeof receipt === "string" && <p class="sd-hint">{receipt}</p>}
          {pinned ? (
            <Settings a={rowsOf(receiptOfA)} b={rowsOf(receipt)} />
          ) : (
            <dl class="sd-facts">
              {rowsOf(receipt).map(({ name, text }) => (
                <Fact key={name} name={name}>
                  {text}
                </Fact>
              ))}
            </dl>
          )}
          {pinned && (
            <div class="sd-tools">
              <button type="button" class="sd-tab" onClick={() => pick(pinned)}>
                Pick A (1)
              </button>
              <button type="button" class="sd-tab" onClick={() => pick(picture)}>
                Pick B (2)
              </button>
            </div>
          )}
          <div class="sd-tools">
            {tools.map(({ name, run }) => (
              <button key={name} type="button" class="sd-tab" onClick={() => run(picture)}>
                {name}
              </button>
            ))}
          </div>
        </aside>
      )}
    </>
  );
  if (!close) {
    return (
      <section ref={box} class={name} aria-label="Compare" onKeyDown={onKeyDown}>
        {inside}
      </section>
    );
  }
  return (
    <div
      ref={box}
      class={name}
      role="dialog"
      aria-modal
      aria-label="Viewer"
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <Modal box={box} />
      {inside}
    </div>
  );
}

/** Apart from the dialog, so that a widget of its own takes nobody's focus. */
function Modal({ box }: { box: { current: HTMLElement | null } }) {
  const [opener] = useState(() => document.activeElement);
  useModal(box, opener);
  return null;
}

function Steps({ shown: { at, list, picture, pinned } }: { shown: Shown }) {
  const { viewer } = useViewer();
  const { total } = list;
  if (total < 2) return <b class="sd-viewer-title">{picture.words}</b>;
  const step = (by: number, name: string, Icon: typeof Next) => {
    const off = at + by < 0 || at + by >= total;
    return (
      <button
        type="button"
        class="sd-icon-button"
        aria-label={name}
        aria-disabled={off}
        onClick={() => viewer.step(by)}
      >
        <Icon />
      </button>
    );
  };
  return (
    <>
      {step(-1, "Previous picture", Previous)}
      {step(1, "Next picture", Next)}
      <b class="sd-viewer-title" title={picture.words}>
        {pinned ? "B: " : ""}
        {at + 1} of {total}
      </b>
    </>
  );
}

/** The dialog while a picture is open, within the widget's own box. */
export function Viewer() {
  const { viewer } = useViewer();
  const shown = useStore(viewer.shown);
  if (!shown) return null;
  return (
    <div class="sd-cover">
      <Open shown={shown} close={viewer.close} />
    </div>
  );
}

/** Two pictures beside each other, as a widget of its own. */
export function CompareWidget() {
  const shown = useStore(useViewer().viewer.shown);
  return shown && <Open shown={shown} />;
}
