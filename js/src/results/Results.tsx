import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Grow, IconButton, Link } from "../controls/buttons";
import { NO_CLIPBOARD } from "../controls/CopyCode";
import { Close } from "../controls/icons";
import { Note } from "../controls/Note";
import { Undo } from "../controls/Undo";
import { boxOf, consume, focusOn, goTo, rootOf } from "../kernel/page";
import { useStore } from "../kernel/store";
import type { Card } from "../kernel/wire";
import { useOpenInViewer, whenNear } from "./ImageTile";
import { JobCard } from "./JobCard";
import { Menu, type MenuItem } from "./Menu";
import { useRoving } from "./roving";
import { useSession } from "./session";
import { layoutOf } from "./Tiles";

const DENSITIES = ["Small", "Medium", "Large"];
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

function FetchNote() {
  const { jobs, actions } = useSession();
  const waiting = useStore(jobs.waiting);
  if (!waiting) return null;
  return (
    <Note
      words={`${waiting} request${waiting === 1 ? "" : "s"} from before ${
        waiting === 1 ? "is" : "are"
      } kept. Fetching costs nothing more.`}
    >
      <Link onClick={actions.resume}>Fetch</Link>
    </Note>
  );
}

/** What `studio.image` is: the kernel selects each new result, and the page what is clicked. */
export function chosenImage(cards: Card[], selected: string): string {
  return selected || (cards.find((card) => card.state === "completed")?.images[0]?.id ?? "");
}

/** A picture's card, and its words: "a red fox in snow, image 2 of 4". */
function useWords(id: string): [Card | undefined, string | null] {
  const { jobs, pictures } = useSession();
  useStore(jobs.cards);
  useStore(pictures.version);
  const card = jobs.of(id);
  const known = pictures.known(id);
  const unknown = Boolean(id) && !card && !known;
  useEffect(() => {
    if (unknown) pictures.fetch(id).catch(() => {});
  }, [unknown, id, pictures]);
  const count = card?.images.length ?? known?.count ?? 1;
  const index = card?.images.findIndex((image) => image.id === id) ?? known?.index ?? 0;
  const words = card?.prompt ?? known?.prompt;
  const which = count > 1 ? `, image ${index + 1} of ${count}` : "";
  return [card, words === undefined ? null : words + which];
}

interface CurrentProps {
  chosen: string;
  children: ComponentChildren;
}

/** Says which picture the next cell gets, as it may have been scrolled out of view. */
function SelectedImage({ chosen, children }: CurrentProps) {
  const { actions, pinned } = useSession();
  const isPinned = useStore(pinned);
  const [card, words] = useWords(chosen);
  if (!chosen) return null;
  return (
    <p class="sd-current">
      <code>studio.image</code>
      {card ? (
        <Link
          aria-label={`Show ${words}`}
          onClick={({ currentTarget }) => goTo(currentTarget, ".sd-chosen .sd-pick")}
        >
          {words}
        </Link>
      ) : (
        <span>{words ?? "is a picture whose card is gone"}</span>
      )}
      <Link
        title={isPinned ? "Let new pictures become studio.image" : "Keep it when new pictures come"}
        onClick={() => actions.pin(isPinned ? "" : chosen)}
      >
        {isPinned ? "Unpin" : "Pin"}
      </Link>
      {children}
    </p>
  );
}

interface Opened {
  x: number;
  y: number;
  id: string;
  pick: HTMLElement;
}

/** The menu of a picture, by right click, Shift+F10 or the menu key. */
function usePictureMenu(chosen: string) {
  const { actions, announcer, jobs } = useSession();
  const openInViewer = useOpenInViewer();
  const [opened, setOpened] = useState<Opened | null>(null);

  function open(event: MouseEvent | KeyboardEvent) {
    const target = event.target as Element;
    const pick = target.closest(".sd-tile")?.querySelector<HTMLElement>("[data-image]");
    const root = rootOf(target);
    if (!pick?.dataset.image || !root) return;
    consume(event);
    const origin = boxOf(root);
    const { left, top, width, height } = boxOf(pick);
    const pointed = "button" in event && event.button === 2;
    const x = (pointed ? event.clientX : left + width / 4) - origin.left;
    const y = (pointed ? event.clientY : top + height / 4) - origin.top;
    focusOn(pick);
    setOpened({ x, y, id: pick.dataset.image, pick });
  }

  const card = opened && jobs.of(opened.id);
  async function copyCode(card: Card) {
    const code = await actions.code(card);
    if (!code) return;
    const done = navigator.clipboard.writeText(code).then(() => "Code copied");
    announcer.say(await done.catch(() => NO_CLIPBOARD));
  }
  const items = (id: string, card: Card): MenuItem[] => [
    { name: "View", run: () => openInViewer(id) },
    ...(chosen && chosen !== id
      ? [{ name: "Compare with studio.image", run: () => openInViewer(id, chosen) }]
      : []),
    { name: "Use as a reference", run: () => actions.addResult(id) },
    { name: "Save", run: () => actions.save(id) },
    { name: "Copy picture", run: () => actions.copy(id) },
    { name: "Copy as code", run: () => copyCode(card) },
    { name: "Dismiss", run: () => actions.dismiss(card) },
  ];
  return {
    onContextMenu: open,
    onMenuKey(event: KeyboardEvent) {
      if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) open(event);
    },
    menu: opened && card && (
      <Menu
        x={opened.x}
        y={opened.y}
        opener={opened.pick}
        items={items(opened.id, card)}
        close={() => setOpened(null)}
      />
    ),
  };
}

/** Loads older cards near the end of the list, or by a button if that can't be detected. */
function OlderCards() {
  const { jobs } = useSession();
  const ref = useRef<HTMLParagraphElement>(null);
  useEffect(() => whenNear(ref.current, jobs.more), [jobs]);
  return (
    <p ref={ref} class="sd-note sd-calm">
      <Link onClick={jobs.more}>Show older pictures</Link>
    </p>
  );
}

export function Results() {
  const session = useSession();
  const cards = useStore(session.jobs.cards);
  const older = useStore(session.jobs.older);
  const error = useStore(session.errors.all).results;
  const selected = useStore(session.selected);
  const chosen = chosenImage(cards, selected);
  const [density, setDensity] = useState(1);
  // As much room as there is, as long as there are few; then all of one size.
  const count = cards.reduce((sum, card) => sum + layoutOf(card).count, 0);
  const fill = density === 1 ? (count > 4 ? "many" : "few") : DENSITIES[density]?.toLowerCase();
  const { menu, onMenuKey, onContextMenu } = usePictureMenu(chosen);
  const { onKeyDown, ...roving } = useRoving();
  const results = (
    <section
      {...roving}
      class="sd-stage"
      data-fill={fill}
      aria-label="Results"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and has focus when a card goes
      tabIndex={0}
      onKeyDown={(event) => {
        onKeyDown(event);
        onMenuKey(event);
      }}
      onContextMenu={onContextMenu}
    >
      {error && (
        <Note class="" role="alert" words={error}>
          <IconButton
            aria-label="Close this note"
            onClick={() => session.actions.clearError("results")}
          >
            <Close />
          </IconButton>
        </Note>
      )}
      <SelectedImage chosen={chosen}>
        <Grow />
        <Link title="Smaller or larger pictures" onClick={() => setDensity((density + 1) % 3)}>
          {DENSITIES[density]}
        </Link>
      </SelectedImage>
      <Undo of={session.dismissed} class="sd-note sd-calm" />
      <FetchNote />
      {cards.length === 0 && older === null && <Empty />}
      {cards.map((card, at) => (
        <JobCard
          key={card.id}
          {...{ card, chosen }}
          beside={(cards[at + 1] ?? cards[at - 1])?.prompt}
        />
      ))}
      {older !== null && <OlderCards key={older} />}
    </section>
  );
  return (
    <>
      {results}
      {menu}
    </>
  );
}
