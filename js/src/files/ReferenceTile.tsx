import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "../controls/buttons";
import { Close } from "../controls/icons";
import { stepOf } from "../controls/keys";
import { useStore } from "../kernel/store";
import type { Reference } from "../kernel/wire";
import { joinPresent } from "../kernel/words";
import { Preview } from "../pictures/Preview";
import { edgeFor } from "../pictures/previews";
import { drag, REFERENCE_DRAG, useOwnDrops } from "./drops";
import { useSession } from "./session";

interface Props {
  reference: Reference;
  index: number;
  count: number;
}

function describe({ name, width, height, note }: Reference): string {
  const size = width > 0 ? `, ${width} × ${height}` : "";
  return joinPresent(". ", `${name}${size}`, note);
}

/** Alt+arrow moves, Delete removes; the element moves in the page, so focus is given back. */
function useTileKeys({ reference, index, count }: Props) {
  const { actions } = useSession();
  const tile = useRef<HTMLLIElement>(null);
  const following = useRef(false);
  useLayoutEffect(() => {
    if (following.current) tile.current?.focus();
    following.current = false;
  }, [index]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.target !== event.currentTarget) return;
    const step = event.altKey ? stepOf(event.key) : undefined;
    if (step !== undefined) {
      event.preventDefault();
      const to = index + step;
      if (to < 0 || to >= count) return;
      following.current = true;
      actions.moveReference(reference.id, to);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      const next = tile.current?.nextElementSibling ?? tile.current?.previousElementSibling;
      if (next instanceof HTMLElement) next.focus();
      actions.removeReference(reference.id);
    }
  }
  return { tile, onKeyDown };
}

/** Drop a tile on another to take its place. */
function useTileDrag({ reference, index }: Props) {
  const { actions } = useSession();
  const { over, handlers } = useOwnDrops([REFERENCE_DRAG], (event) => {
    const id = event.dataTransfer?.getData(REFERENCE_DRAG);
    if (!id) return;
    event.preventDefault();
    actions.moveReference(id, index);
  });
  const onDragStart = (event: DragEvent) => drag(event, REFERENCE_DRAG, reference.id, "move");
  return { over, handlers: { draggable: true, onDragStart, ...handlers } };
}

export function ReferenceTile(props: Props) {
  const { reference, index } = props;
  const { actions, lit } = useSession();
  const named = useStore(lit) === index + 1;
  const { tile, onKeyDown } = useTileKeys(props);
  const { over, handlers } = useTileDrag(props);
  return (
    <li
      ref={tile}
      class={`sd-ref${over ? " sd-over" : ""}${named ? " sd-lit" : ""}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move and remove it
      tabIndex={0}
      title={describe(reference)}
      aria-label={`Image ${index + 1}: ${describe(reference)}`}
      aria-keyshortcuts="Alt+ArrowLeft Alt+ArrowRight Delete"
      onKeyDown={onKeyDown}
      {...handlers}
    >
      <Preview of={reference.id} edge={edgeFor(52)}>
        {reference.width === 0 && <small>URL</small>}
      </Preview>
      <b class="sd-number" aria-hidden="true">
        {index + 1}
      </b>
      <Button
        class="sd-remove"
        aria-label={`Remove image ${index + 1}`}
        onClick={() => actions.removeReference(reference.id)}
      >
        <Close />
      </Button>
    </li>
  );
}
