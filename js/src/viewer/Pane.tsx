import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useMeasure } from "../controls/measure";
import { boxOf } from "../kernel/page";
import { useStore } from "../kernel/store";
import { usePreview } from "../pictures/Preview";
import {
  type Area,
  actualSize,
  bounded,
  FIT,
  frameRect,
  type Placed,
  panned,
  pxStyle,
  type View,
  visiblePart,
  visiblePartWithMargin,
  zoomed,
} from "./geometry";
import { useSharpPart } from "./regions";
import { useViewer } from "./session";
import type { ViewedPicture } from "./state";

const PREVIEW = 768;
const WHEEL = 0.0016;
const LINE = 16;

interface LayerProps {
  picture: ViewedPicture;
  placed: Placed;
  view: View;
  frame: Area;
  pane: Area;
  style?: Record<string, string | number>;
}

/** One picture in its place: its preview, with sharp parts over it as they are fetched. */
export function Layer({ picture, placed, view, frame, pane, style }: LayerProps) {
  const { channel, viewer } = useViewer();
  const small = usePreview(picture.id, PREVIEW);
  const look = visiblePart(view, frame, pane, picture, placed);
  const wanted = visiblePartWithMargin(view, frame, pane, picture, placed);
  const { sharp, error: unseen } = useSharpPart(channel, picture.id, look, wanted);
  const error = useStore(viewer.gone)[picture.id] || unseen;
  const scale = view.zoom * placed.scale;
  const box = frameRect(view, frame, pane);
  const inside = {
    left: placed.left * view.zoom,
    top: placed.top * view.zoom,
    width: picture.width * scale,
    height: picture.height * scale,
  };
  const part = sharp?.part;
  return (
    <>
      <div class="sd-layer" style={style}>
        <div class="sd-frame" style={pxStyle(box)}>
          <div class={error ? "sd-picture" : "sd-picture sd-clear"} style={pxStyle(inside)}>
            {small && !error && <img src={small} alt={picture.words} draggable={false} />}
            {sharp && part && (
              <img
                class={scale > actualSize() * 2 ? "sd-sharp sd-pixels" : "sd-sharp"}
                src={sharp.url}
                alt=""
                draggable={false}
                style={pxStyle({
                  left: part.left * scale,
                  top: part.top * scale,
                  width: part.width * scale,
                  height: part.height * scale,
                })}
              />
            )}
          </div>
        </div>
      </div>
      {error && <p class="sd-unseen">{error}</p>}
    </>
  );
}

interface PaneProps {
  frame: Area;
  view: View;
  change(view: View): void;
  children(pane: Area, view: View): ComponentChildren;
}

interface Finger {
  x: number;
  y: number;
}

/** The pane with the pictures: wheel and pinch zoom to the pointer, a drag moves. */
export function Pane({ frame, view, change, children }: PaneProps) {
  const element = useRef<HTMLDivElement>(null);
  const [pane, setPane] = useState<Area | null>(null);
  const now = useRef({ view: FIT, pane: { width: 1, height: 1 } });
  const fingers = useRef(new Map<number, Finger>());
  const shown = pane && bounded(view, frame, pane);
  if (pane && shown) now.current = { view: shown, pane };

  // What fits is known here alone: it is where zooming starts from.
  useEffect(() => {
    if (shown && shown.zoom !== view.zoom) change(shown);
  });

  useMeasure(element, () => {
    const { clientWidth: width = 0, clientHeight: height = 0 } = element.current ?? {};
    if (width > 0 && height > 0) {
      setPane((old) => (old?.width === width && old.height === height ? old : { width, height }));
    }
  });

  /** A point counted from the pane's middle. */
  function point({ clientX, clientY }: { clientX: number; clientY: number }): Finger {
    if (!element.current) return { x: 0, y: 0 };
    const { left, top, width, height } = boxOf(element.current);
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
  }

  function set(next: View) {
    const inside = bounded(next, frame, now.current.pane);
    // The next event may come before the drawing.
    now.current = { ...now.current, view: inside };
    change(inside);
  }

  const zoomTo = (zoom: number, { x, y }: Finger) => set(zoomed(now.current.view, zoom, x, y));

  const onWheel = useRef((_: WheelEvent) => {});
  onWheel.current = (event) => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? LINE : 1);
    // A pinch on a touchpad comes as a wheel with Ctrl, in smaller numbers.
    const factor = Math.exp(-pixels * WHEEL * (event.ctrlKey ? 6 : 1));
    zoomTo(now.current.view.zoom * factor, point(event));
  };
  // By hand, as `onWheel` would be passive; it goes with the element.
  useEffect(() => {
    const listen = (event: WheelEvent) => onWheel.current(event);
    element.current?.addEventListener("wheel", listen, { passive: false });
  }, []);

  function onPointerDown(event: PointerEvent) {
    if (event.button !== 0) return;
    element.current?.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, point(event));
  }

  function onPointerMove(event: PointerEvent) {
    const before = fingers.current.get(event.pointerId);
    if (!before) return;
    const at = point(event);
    fingers.current.set(event.pointerId, at);
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return set(panned(now.current.view, before.x - at.x, before.y - at.y));
    const apart = (finger: Finger) => Math.hypot(finger.x - other.x, finger.y - other.y) || 1;
    zoomTo((now.current.view.zoom * apart(at)) / apart(before), other);
  }

  const onPointerUp = (event: PointerEvent) => void fingers.current.delete(event.pointerId);

  function onDblClick(event: MouseEvent) {
    if (now.current.view.fit) zoomTo(actualSize(), point(event));
    else set(FIT);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the viewer's keys do the same
    <div
      ref={element}
      class="sd-pane"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
      onDblClick={onDblClick}
    >
      {pane && shown && children(pane, shown)}
    </div>
  );
}
