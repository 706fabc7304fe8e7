import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useBusy } from "../controls/busy";
import { Button } from "../controls/buttons";
import { Check } from "../controls/icons";
import { drag, IMAGE_DRAG } from "../files/drops";
import { hasCommand } from "../kernel/page";
import type { Card, ResultImage } from "../kernel/wire";
import { Preview } from "../pictures/Preview";
import { resultOf } from "../pictures/pictures";
import { edgeFor } from "../pictures/previews";
import { useSession } from "./session";

interface Props {
  image: ResultImage;
  card: Card;
  index: number;
  chosen: boolean;
}

/** Call `then` whenever an element comes near the screen, until the answer is called. */
export function whenNear(element: Element | null, then: () => void): (() => void) | undefined {
  if (!element) return undefined;
  // The element may not be on the page yet, so it is watched and not measured here.
  const near = new IntersectionObserver(
    (seen) => seen.some((entry) => entry.isIntersecting) && then(),
    // rootMargin counts where the page itself scrolls; notebooks scroll in a panel of theirs.
    { rootMargin: "400px", scrollMargin: "400px" } as IntersectionObserverInit,
  );
  near.observe(element);
  return () => near.disconnect();
}

/** The preview edge for the tile's place; 0 until it comes near the screen. */
function useEdge(tile: RefObject<HTMLElement | null>, { width, height }: ResultImage): number {
  const [edge, setEdge] = useState(0);
  useEffect(() => {
    const element = tile.current;
    if (!element) return;
    const long = Math.max(1, height / width);
    const measure = () => setEdge((old) => Math.max(old, edgeFor(element.clientWidth * long)));
    return whenNear(element, measure);
  }, [tile, width, height]);
  return edge;
}

interface TileButtonsProps {
  image: ResultImage;
  name: string;
  view(): void;
}

function TileButtons({ image, name, view }: TileButtonsProps) {
  const { actions } = useSession();
  const { id, width, height } = image;
  const [saving, save] = useBusy(() => actions.save(id));
  const act = (verb: string, title: string, onClick: () => unknown, rest = "") => (
    <Button
      aria-label={`${verb} ${name}${rest}`}
      aria-busy={saving && verb === "Save"}
      {...{ title, onClick }}
    >
      {saving && verb === "Save" ? "Saving…" : verb}
    </Button>
  );
  return (
    <div class="sd-acts">
      {act("View", "Look at it large (Enter, or double click)", view)}
      {act("Edit", "Make it image 1 of the next request", () => actions.editPicture(id))}
      {act("Use", "Add it to the reference images", () => actions.addResult(id), " as a reference")}
      {act(
        "Save",
        `Download the original, ${width}×${height}; in a cell: studio.result.save()`,
        save,
      )}
    </div>
  );
}

const codeOf = (id: string) =>
  `sd.library.get("${resultOf(id)}").images[${id.slice(id.lastIndexOf(":") + 1)}]`;

/** Open a picture in the viewer, among all that are shown, and select it. */
export function useOpenInViewer() {
  const { actions, jobs } = useSession();
  return (id: string, against?: string) => {
    const list = jobs.pictures();
    actions.select(id);
    actions.open(list, list.ids.indexOf(id), against);
  };
}

export function ImageTile({ image, card, index, chosen }: Props) {
  const { actions } = useSession();
  const tile = useRef<HTMLLIElement>(null);
  const edge = useEdge(tile, image);
  const name = card.images.length > 1 ? `image ${index + 1} of ${card.images.length}` : "image";
  const words = `${card.prompt}, ${name}`;
  const openInViewer = useOpenInViewer();
  const view = () => openInViewer(image.id);
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || hasCommand(event)) return;
    event.preventDefault();
    view();
  }
  function onDragStart(event: DragEvent) {
    drag(event, IMAGE_DRAG, image.id, "copy");
    // Dragging it into a cell inserts the Python for this picture.
    event.dataTransfer?.setData("text/plain", codeOf(image.id));
  }
  return (
    <li ref={tile} class={chosen ? "sd-tile sd-chosen" : "sd-tile"} draggable {...{ onDragStart }}>
      <Button
        class="sd-pick"
        style={{ aspectRatio: `${image.width} / ${image.height}` }}
        aria-pressed={chosen}
        data-image={image.id}
        aria-label={words}
        title={chosen ? "studio.image is this picture" : "Make this picture studio.image"}
        onClick={() => actions.select(image.id)}
        onDblClick={view}
        onKeyDown={onKeyDown}
      >
        <Preview of={image.id} edge={edge} alt={words} />
      </Button>
      {chosen && (
        <span class="sd-mark" aria-hidden="true">
          <Check />
        </span>
      )}
      <TileButtons image={image} name={name} view={view} />
    </li>
  );
}
