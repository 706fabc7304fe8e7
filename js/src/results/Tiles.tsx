import { choiceOf } from "../form/sizes";
import { clamp, times } from "../kernel/numbers";
import { useStore } from "../kernel/store";
import { type Card, isFinal, type ResultImage } from "../kernel/wire";
import { ImageTile } from "./ImageTile";
import { useSession } from "./session";

const MOST = 36;

interface Skeleton {
  ratio: string;
  label: string;
  /** Beyond the number that is certain, as Seedream may draw fewer. */
  maybe: boolean;
}

function SkeletonTile({ ratio, label, maybe }: Skeleton) {
  return (
    <li class={maybe ? "sd-tile sd-skeleton sd-maybe" : "sd-tile sd-skeleton"} aria-hidden="true">
      <div class="sd-pick" style={{ aspectRatio: ratio }}>
        {label}
      </div>
    </li>
  );
}

/** The pictures that a card has or waits for, and their shape: the style sheet has the room. */
export function layoutOf(card: Card) {
  const asked = Math.min(MOST, card.num_images * card.max_images);
  const waiting = isFinal(card) ? 0 : Math.max(0, asked - card.images.length);
  const [first] = card.images;
  const size = card.size ?? (first ? ([first.width, first.height] as const) : ([1, 1] as const));
  return {
    waiting,
    size,
    /** A card without a picture takes the place of those that were asked for. */
    count: card.images.length + waiting || asked,
    /** How much wider than a square of the same area. */
    widening: clamp(0.72, Math.sqrt(size[0] / size[1]), 1.6).toFixed(3),
  };
}

/** One tile for each picture asked for, of its shape, so that nothing jumps when they arrive. */
export function Tiles({ card, chosen }: { card: Card; chosen: string }) {
  const facts = useStore(useSession().facts);
  const { waiting, size } = layoutOf(card);
  if (card.images.length + waiting === 0) return null;
  const ratio = `${size[0]} / ${size[1]}`;
  const { shape } = card.size ? choiceOf(facts, card.size) : { shape: "auto" };
  const label = shape && shape !== "custom" ? shape : size.join("×");
  return (
    <ul
      class="sd-grid"
      // biome-ignore lint/a11y/noRedundantRoles: Safari drops the role of an unstyled list
      role="list"
      aria-busy={waiting > 0}
    >
      {card.images.map((image: ResultImage, index) => (
        <ImageTile key={image.id} {...{ image, card, index, chosen: image.id === chosen }} />
      ))}
      {times(waiting, (index) => (
        <SkeletonTile
          key={`waiting-${card.images.length + index}`}
          maybe={card.images.length + index >= card.num_images}
          {...{ ratio, label }}
        />
      ))}
    </ul>
  );
}
