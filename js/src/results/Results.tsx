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

/** What `studio.image` would give: the chosen picture, else the newest result's first. */
export function chosenImage(cards: Card[], selected: string): string {
  const has = (id: string) => cards.some((card) => card.images.some((image) => image.id === id));
  if (selected && has(selected)) return selected;
  return cards.find((card) => card.state === "completed")?.images[0]?.id ?? "";
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
      <FromBefore />
      {cards.length === 0 && <Empty />}
      {cards.map((card) => (
        <JobCard key={card.id} card={card} chosen={chosen} />
      ))}
    </section>
  );
}
