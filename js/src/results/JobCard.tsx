import { useEffect, useRef } from "preact/hooks";
import { useBusy } from "../controls/busy";
import { IconButton, Link } from "../controls/buttons";
import { useCopyCode } from "../controls/CopyCode";
import { Close } from "../controls/icons";
import { Note } from "../controls/Note";
import { Progress } from "../controls/Progress";
import { formatMoney, parseMicros } from "../form/money";
import { SILENT } from "../kernel/channel";
import { bringIntoSight, goTo } from "../kernel/page";
import { useStore } from "../kernel/store";
import { type Card, isFinal } from "../kernel/wire";
import { joinPresent } from "../kernel/words";
import { splitPrompt } from "./prompt";
import { useSession } from "./session";
import { layoutOf, Tiles } from "./Tiles";
import { formatDuration, formatElapsed, useNow } from "./time";

/** How many of the pictures that were asked for did not come. */
const countMissing = ({ form, images, state }: Card): number =>
  state === "completed" ? Math.max(0, form.num_images * form.max_images - images.length) : 0;

/** Facts of a finished card: "seed 746406749 · 2304×1728 · 8.2 s · $0.06". */
function summaryOf(card: Card): string {
  const [first] = card.images;
  const cost = card.cost === null ? 0n : parseMicros(card.cost);
  return joinPresent(
    " · ",
    card.seed === null ? null : `seed ${card.seed}`,
    first ? `${first.width}×${first.height}` : null,
    card.finished && !card.cached && formatDuration(card.finished - card.created),
    card.offline && "offline",
    card.cached ? "from your library · $0.00" : cost > 0n && formatMoney(cost),
  );
}

/** A job whose kernel is gone is no longer running, whatever its last status. */
function useRunning(card: Card): boolean {
  const { gone } = useStore(useSession().channel.state);
  return !isFinal(card) && !gone;
}

function CardStatus({ card }: { card: Card }) {
  const running = useRunning(card);
  const skew = useStore(useSession().jobs.skew);
  const { silent } = useStore(useSession().channel.state);
  const now = useNow(running);
  if (card.state === "completed") {
    const words = summaryOf(card);
    return (
      <span class="sd-meta" title={words}>
        {words}
      </span>
    );
  }
  if (!running && !isFinal(card)) return <span class="sd-meta">Interrupted</span>;
  const spent = running ? now - skew - card.created : (card.finished ?? now) - card.created;
  return (
    <span class="sd-meta">
      {running && silent ? SILENT : card.text} · {formatElapsed(spent)}
    </span>
  );
}

function CardButtons({ card }: { card: Card }) {
  const { actions } = useSession();
  const running = useRunning(card);
  const [cancelling, cancel] = useBusy(() => actions.cancel(card));
  if (!isFinal(card)) {
    return running && <Link onClick={cancel}>{cancelling ? "Cancelling…" : "Cancel"}</Link>;
  }
  const [first] = card.images;
  return (
    <>
      {first && (
        <Link
          title="Ask for the same in the form, with another seed"
          onClick={() => actions.askAgain(first.id, "vary")}
        >
          Vary
        </Link>
      )}
      <Link title="Put this request back into the form" onClick={() => actions.reuse(card)}>
        Reuse
      </Link>
      <IconButton
        aria-label="Dismiss"
        title="Remove this card"
        onClick={() => actions.dismiss(card)}
      >
        <Close />
      </IconButton>
    </>
  );
}

function ErrorNote({ card }: { card: Card }) {
  const { actions, channel } = useSession();
  if (!card.error) return null;
  return (
    <Note class={card.state === "failed" ? "" : "sd-calm"} words={card.error.message}>
      {card.error.field === "prompt" && (
        <Link
          onClick={({ currentTarget }) => {
            actions.editPrompt(card);
            goTo(currentTarget, `#${channel.view}-prompt`);
          }}
        >
          Edit prompt
        </Link>
      )}
      {card.state === "failed" && (
        <Link data-once title="Send the same request again" onClick={() => actions.tryAgain(card)}>
          Try again
        </Link>
      )}
    </Note>
  );
}

/** Shown if a set has fewer pictures than were asked for. */
function MissingNote({ card }: { card: Card }) {
  const { actions } = useSession();
  const count = countMissing(card);
  const [first] = card.images;
  if (!first || count === 0) return null;
  return (
    <Note words={`Asked ${card.images.length + count}, got ${card.images.length}.`}>
      <Link
        title="Ask in the form for what did not come"
        onClick={() => actions.askAgain(first.id, "missing")}
      >
        {count === 1 ? "Ask for the missing one" : `Ask for the missing ${count}`}
      </Link>
    </Note>
  );
}

/** Shown if the kernel went while it ran: whether it is lost, and how to get it. */
function InterruptedNote({ card }: { card: Card }) {
  return (
    <Note
      words={
        card.offline
          ? "It was drawn offline and is not kept. Run the cell again, then press Generate."
          : "This request is kept. Run the cell again and press Fetch, or call sd.resume(), to have " +
            "what comes of it; nothing is sent or paid again."
      }
    />
  );
}

/** A card that a click has brought or joined is shown and marked for a moment. */
function useJoined({ id }: Card) {
  const isJoined = useStore(useSession().jobs.joined) === id;
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isJoined) bringIntoSight(ref.current);
  }, [isJoined]);
  return { ref, class: isJoined ? "sd-job sd-joined" : "sd-job" };
}

interface Props {
  card: Card;
  chosen: string;
  /** The prompt of the card beside it. */
  beside: string | undefined;
}

export function JobCard({ card, chosen, beside }: Props) {
  const running = useRunning(card);
  const { actions } = useSession();
  const code = useCopyCode(() => actions.code(card));
  const { count, widening } = layoutOf(card);
  const [head, tail] = splitPrompt(card.prompt, beside);
  return (
    <article
      {...useJoined(card)}
      aria-label={card.prompt}
      aria-busy={running}
      tabIndex={-1}
      style={{ "--sd-count": count, "--sd-widening": widening }}
    >
      <header>
        <span class="sd-job-prompt" title={card.prompt}>
          <span>{head}</span>
          <span>{tail}</span>
        </span>
        <CardStatus card={card} />
        {code.button}
        <CardButtons card={card} />
      </header>
      {code.text}
      {running && <Progress label="Progress" value={card.progress} />}
      <ErrorNote card={card} />
      {!running && !isFinal(card) && <InterruptedNote card={card} />}
      <MissingNote card={card} />
      {card.note && <Note class="sd-warn" words={card.note} />}
      <Tiles card={card} chosen={chosen} />
      {running && (
        <p class="sd-log" title={card.log ?? undefined}>
          {card.log ?? ""}
        </p>
      )}
    </article>
  );
}
