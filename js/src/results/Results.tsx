import { Close } from "../files/icons";
import { useStore } from "../kernel/store";
import type { Card } from "../kernel/wire";
import { JobCard } from "./JobCard";
import { useSession } from "./session";

export const GO_ONLINE =
  "Set FAL_KEY (in Colab, as a secret) or call sd.login() to use Seedream on fal.";

function Empty() {
  const { backend, channel } = useSession();
  const offline = useStore(backend).name === "offline";
  if (useStore(channel.state).gone) return null;
  return (
    <div class="sd-empty">
      <p>Pictures appear here. Write a prompt and press Generate.</p>
      {offline && <p class="sd-hint">These are drawn offline, without Seedream. {GO_ONLINE}</p>}
    </div>
  );
}

function FromBefore() {
  const { jobs, actions } = useSession();
  const waiting = useStore(jobs.waiting);
  if (!waiting) return null;
  return (
    <p class="sd-note sd-calm">
      {waiting === 1
        ? "1 request from before is kept. Fetching it costs nothing more."
        : `${waiting} requests from before are kept. Fetching them costs nothing more.`}
      <button type="button" class="sd-link" onClick={actions.resume}>
        Fetch
      </button>
    </p>
  );
}

/** What `studio.image` is: the kernel selects each new result, and the page what is clicked. */
export function chosenImage(cards: Card[], selected: string): string {
  return selected || (cards.find((card) => card.state === "completed")?.images[0]?.id ?? "");
}

/** A picture by its card's words: "a red fox in snow, image 2 of 4". */
function wordsFor(cards: Card[], id: string): string | null {
  const card = cards.find(({ images }) => images.some((image) => image.id === id));
  if (!card) return null;
  const index = card.images.findIndex((image) => image.id === id);
  const which = card.images.length > 1 ? `, image ${index + 1} of ${card.images.length}` : "";
  return `${card.prompt}${which}`;
}

/** Which picture the next cell gets, though it may have been scrolled away. */
function Current({ cards, chosen }: { cards: Card[]; chosen: string }) {
  const { actions, pinned } = useSession();
  const isPinned = useStore(pinned);
  const words = wordsFor(cards, chosen);
  if (!chosen) return null;
  function show(event: MouseEvent) {
    const root = (event.currentTarget as Element).closest(".sd-root");
    const tile = root?.querySelector<HTMLElement>(".sd-chosen .sd-pick");
    tile?.scrollIntoView?.({ block: "nearest" });
    tile?.focus({ preventScroll: true });
  }
  return (
    <p class="sd-current">
      <code>studio.image</code>
      {words ? (
        <button type="button" class="sd-link" aria-label={`Show ${words}`} onClick={show}>
          {words}
        </button>
      ) : (
        <span>is a picture whose card is gone</span>
      )}
      <button
        type="button"
        class="sd-link"
        title={isPinned ? "Let new pictures become studio.image" : "Keep it when new pictures come"}
        onClick={() => actions.pin(isPinned ? "" : chosen)}
      >
        {isPinned ? "Unpin" : "Pin"}
      </button>
    </p>
  );
}

export function Results() {
  const session = useSession();
  const cards = useStore(session.jobs.cards);
  const fault = useStore(session.faults.all).results;
  const selected = useStore(session.selected);
  const chosen = chosenImage(cards, selected);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and holds focus when a card goes
    <section class="sd-stage" aria-label="Results" tabIndex={0}>
      {fault && (
        <div class="sd-note" role="alert">
          <span class="sd-grow">{fault}</span>
          <button
            type="button"
            class="sd-icon-button"
            aria-label="Close this note"
            onClick={() => session.actions.clearFault("results")}
          >
            <Close />
          </button>
        </div>
      )}
      <Current cards={cards} chosen={chosen} />
      <FromBefore />
      {cards.length === 0 && <Empty />}
      {cards.map((card) => (
        <JobCard key={card.id} card={card} chosen={chosen} />
      ))}
    </section>
  );
}
