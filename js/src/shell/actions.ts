/** All actions: views call these, and never touch the model or the channel. */

import { NO_CLIPBOARD } from "../controls/CopyCode";
import { createRepeatCheck, eventTime, GESTURE_MS } from "../controls/gesture";
import type { Addressed } from "../files/addresses";
import type { DropPlace } from "../files/drops";
import { renumbered } from "../files/mentions";
import { moveTo, noRoom } from "../files/references";
import { isActive } from "../files/uploads";
import { blocker, check, mentionHint } from "../form/checks";
import { endpointOf } from "../form/facts";
import { adaptForm } from "../form/fields";
import type { FormSnapshot, MarkedRegion } from "../form/form";
import { formatExact } from "../form/money";
import { priceOf } from "../form/price";
import { regionOf, sentFor } from "../form/region";
import { createGalleryActions } from "../gallery/actions";
import type { GalleryActions, GallerySession } from "../gallery/session";
import { attempt, Refusal, UNREADABLE } from "../kernel/channel";
import type { ErrorPlace } from "../kernel/errors";
import { rootOf } from "../kernel/page";
import { read } from "../kernel/parse";
import type { Store } from "../kernel/store";
import type { Traits } from "../kernel/traits";
import {
  type AskAgain,
  addedReply,
  type Card,
  codeReply,
  type Form,
  type FormTraits,
  type Ledger,
  ledgerReply,
  type Mask,
  type Outgoing,
  type Terms,
} from "../kernel/wire";
import { asPng, download, savedFile } from "../pictures/download";
import { resultOf } from "../pictures/pictures";
import type { ResultsActions, ResultsSession } from "../results/session";
import { type Announcer, shorten } from "./announcer";

const IN_FORM_AGAIN = "That request is in the form again";

/** The parts of a view, without its actions. */
export interface Parts
  extends Omit<ResultsSession, "actions">,
    Omit<GallerySession, "actions" | "announcer"> {
  galleryOpen: Store<boolean>;
  open: GalleryActions["open"];
  traits: Traits;
  /** Where the money stands, in words; "" where there is nothing to tell. */
  money: Store<string>;
  announcer: Announcer;
}

export interface Actions extends ResultsActions, GalleryActions {
  /** Have the next request change a region of a picture alone. */
  changeRegion(picture: { id: string; width: number; height: number }, mask: Mask): Promise<void>;
  /** Mark a picture's result as a favourite; an input is none. */
  favour(picture: { id: string }): Promise<unknown>;
  /** The ledger, or a sentence why it can't be had. */
  ledger(): Promise<Ledger | string>;
  /** Send typed text that is still waiting. */
  flush(): void;
}

export function createActions(parts: Parts): Actions {
  const { form, references, uploads, channel, errors, jobs, announcer } = parts;
  let restoring: FormSnapshot | null = null;
  /** A double click adds a picture once. */
  const isAgain = createRepeatCheck();
  /** The reference that the last edit made image 1. */
  let edited: string | undefined;

  /** Do something whose refusal belongs to `place`; the answer is null then. */
  function reportingAt<T>(place: ErrorPlace, doing: Promise<T>): Promise<T | null> {
    errors.clear(place);
    return attempt(doing, ({ message }) => errors.tell(place, message));
  }

  const ask = (message: Outgoing, place: ErrorPlace) =>
    reportingAt(place, channel.request(message));

  const mostReferences = () => parts.facts.get().limits.references;

  /** Announce what was done with a reference image. */
  const sayOf = (id: string, done: string) =>
    announcer.say(`${references.shown.get().find((other) => other.id === id)?.name} ${done}`);

  /** The order of images that the prompt's numbers are right for, since it was written. */
  let numbered: string[] | null = null;
  /** The warning shown at the last press: pressing again sends it all the same. */
  let warned = { form: "", at: 0 };

  function arrange(ids: string[], sized?: boolean) {
    numbered ??= references.ids();
    const { prompt } = form.values.get();
    const next = renumbered(prompt, numbered, ids);
    parts.renumber.set(next === prompt ? null : next);
    if (warned.form) errors.clear("prompt");
    warned = { form: "", at: 0 };
    if (parts.region.get()?.reference !== ids[0]) parts.region.set(null);
    void reportingAt("references", references.arrange(ids, sized));
  }

  function leaveNumbers() {
    numbered = null;
    parts.renumber.set(null);
  }

  function edit(change: Partial<FormTraits>, typed = false) {
    errors.clear("form", ...(Object.keys(change) as ErrorPlace[]));
    form.edit(change, typed);
    if ("prompt" in change) leaveNumbers();
    if (typed && "prompt" in change) parts.before.set(null);
  }

  const snapshot = (): FormSnapshot => ({ form: form.values.get(), references: references.ids() });

  /** Offer Undo if the form has changed. */
  function offerUndo(before: FormSnapshot) {
    const isSame = JSON.stringify(before) === JSON.stringify(snapshot());
    // The same once more, as a double click asks for it, takes no Undo away.
    if (!isSame) parts.before.set(isEmpty(before) ? null : before);
  }

  function fill(form: Partial<FormTraits>, ids = references.ids()) {
    const before = snapshot();
    edit(form);
    if (ids.join() !== references.ids().join()) arrange(ids, "image_size" in form);
    if ("prompt" in form) leaveNumbers();
    offerUndo(before);
  }

  function submit() {
    const facts = parts.facts.get();
    const values = form.values.get();
    const ids = references.ids();
    const region = parts.region.get();
    const sent = sentFor(facts, values, ids, region);
    const checks = check(facts, sent.form, sent.images);
    const uploading = uploads.tiles.get().filter(isActive).length;
    if (channel.state.get().gone || blocker(checks, uploading, facts)) return;
    form.flush();
    const marked = regionOf(region, ids);
    const asked = { ...requestForm(parts, values, ids), ...(marked && { mask: marked.mask }) };
    const hint = mentionHint(values.prompt, ids.length);
    const key = JSON.stringify(asked);
    if (hint && warned.form !== key) {
      warned = { form: key, at: eventTime() };
      errors.tell("prompt", `${hint} Press Generate again to send it all the same.`);
      return;
    }
    // A double click is one press.
    if (hint && eventTime() - warned.at < GESTURE_MS) return;
    parts.before.set(null);
    parts.dismissed.set(null);
    void parts.submission.send(asked, shownTerms(parts, sent.form, sent.images));
  }

  function addFiles(files: File[], place: DropPlace = "references") {
    const tell = (error: string) => errors.tell(place, error);
    errors.clear(place);
    if (place === "prompt") {
      // What is typed keeps its field from being set.
      form.flush();
      restoring = snapshot();
    }
    const refused = uploads.add(files, place === "prompt" ? tell : undefined);
    if (refused) tell(refused);
  }

  /** Have the kernel append one more reference, where there is room. */
  function addOne(message: Outgoing) {
    const most = mostReferences();
    if (references.ids().length >= most) errors.tell("references", noRoom(most));
    else void ask(message, "references");
  }

  async function addAddress(found: Promise<Addressed>) {
    const picture = await found.catch(() => ({ error: "This image could not be read." }));
    if ("file" in picture) addFiles([picture.file]);
    else if ("url" in picture) addOne({ kind: "use_address", url: picture.url });
    else errors.tell("references", picture.error);
  }

  function moveReference(id: string, to: number) {
    const ids = moveTo(references.ids(), id, to);
    sayOf(id, `is now image ${ids.indexOf(id) + 1} of ${ids.length}`);
    arrange(ids);
  }

  function removeReference(id: string) {
    sayOf(id, "removed");
    arrange(references.ids().filter((other) => other !== id));
  }

  function reuse(card: Card) {
    const { references: ids, image_size: size, ...values } = card.form;
    // As it was asked: with the seed that came back it would be another request, and paid again.
    fill({ ...values, ...(size && { image_size: size }) }, ids);
    sayInForm();
  }

  const sayInForm = () =>
    announcer.say(
      parts.before.get() ? `${IN_FORM_AGAIN}. Undo brings back what it held` : IN_FORM_AGAIN,
    );

  /** Close the viewer and continue in the form. */
  function toForm(place: "prompt" | "go") {
    parts.viewing.set(null);
    const { activeElement } = document;
    const from = activeElement?.shadowRoot?.activeElement ?? activeElement;
    const root = from && rootOf(from);
    // A turn later: a dialog that closes gives the focus back first.
    setTimeout(() => {
      const wanted = place === "prompt" ? `#${channel.view}-prompt` : ".sd-go";
      // Seen after a click, too: where the form holds all that already, nothing else changes.
      root?.querySelector<HTMLElement>(wanted)?.focus({ focusVisible: true });
    });
  }

  /** Make a picture image 1, and let only a region of it change where one is given. */
  async function editPicture(imageId: string, region?: Omit<MarkedRegion, "reference">) {
    if (isAgain(`edit ${imageId}`)) return;
    const before = snapshot();
    const most = mostReferences();
    if (before.references.length >= most) {
      parts.viewing.set(null);
      return errors.tell("references", noRoom(most));
    }
    const exact = region ? { exact: true } : {};
    const reply = await ask({ kind: "use_result", image_id: imageId, ...exact }, "references");
    const id = read(addedReply, reply?.result)?.reference.id;
    if (!id) return parts.viewing.set(null);
    // The next step takes the place of the one before; all else that was dropped stays.
    const [first] = before.references;
    const follows = first === edited || first === jobs.of(imageId)?.form.references[0];
    const rest = references.ids().filter((other) => other !== id && !(follows && other === first));
    arrange([id, ...rest]);
    if (follows) leaveNumbers();
    edited = id;
    if (region) parts.region.set({ reference: id, ...region });
    offerUndo(before);
    announcer.say("It is image 1 of the next request");
    toForm("prompt");
  }

  async function askAgain(imageId: string, how: AskAgain) {
    if (isAgain(`${how} ${imageId}`)) return;
    // What is typed keeps its field from being set.
    form.flush();
    const before = snapshot();
    const reply = await ask({ kind: "ask_again", image_id: imageId, how }, "results");
    if (!reply) return parts.viewing.set(null);
    leaveNumbers();
    offerUndo(before);
    sayInForm();
    toForm("go");
  }

  function undo() {
    const before = parts.before.get();
    if (!before) return;
    fill(before.form, before.references);
    parts.before.set(null);
  }

  async function dismiss(card: Card) {
    const { id, prompt } = card;
    // At once: several in a row never wait for one another.
    jobs.change([id]);
    if (!(await ask({ kind: "forget", job_id: id }, "results"))) return jobs.change([], [card]);
    const words = `Dismissed: ${shorten(prompt)}`;
    parts.dismissed.set({
      words,
      undo() {
        parts.dismissed.set(null);
        void ask({ kind: "show_again", job_id: id }, "results").then(jobs.sync);
      },
    });
    announcer.say(`${words}. Undo brings it back`);
  }

  async function original(imageId: string) {
    const reply = await channel.request({ kind: "original", image_id: imageId }, { quiet: true });
    const file = savedFile(reply);
    if (!file) throw new Refusal("The kernel sent no file; try again.");
    return file;
  }

  /** Clipboards take PNG alone; browsers want the promise of it, made by the press itself. */
  async function copy(imageId: string) {
    const png = original(imageId).then(({ blob }) => asPng(blob));
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
      announcer.say("Picture copied");
    } catch {
      await png; // A refusal of the kernel's says more.
      throw new Refusal(`${NO_CLIPBOARD}; press Save instead.`);
    }
  }

  function tryAgain({ form: { references: ids, image_size, ...rest }, size }: Card) {
    const before = form.values.get();
    const values = { ...before, ...rest, image_size: image_size ?? size ?? before.image_size };
    void parts.submission.send(
      requestForm(parts, values, ids),
      shownTerms(parts, values, ids.length),
    );
  }

  channel.listen((notice) => {
    if (notice.kind !== "restored") return;
    if (restoring) offerUndo(restoring);
    restoring = null;
    sayInForm();
    if (notice.note) errors.tell("references", notice.note);
  });

  function useSelected() {
    if (isAgain("selected")) return;
    const most = mostReferences();
    const room = most - references.ids().length;
    const ids = [...parts.gallery.selected.get()];
    for (const id of ids.slice(0, Math.max(0, room))) addOne({ kind: "use_result", image_id: id });
    if (ids.length > room) {
      errors.tell("references", noRoom(most, "the first of them were added"));
    }
    announcer.say(`${Math.min(ids.length, room)} added to the reference images`);
  }

  return {
    ...createGalleryActions(parts, parts.open),
    useSelected,
    edit,
    flush: form.flush,
    submit,
    undo,
    fill: (change) => fill(change),
    renumber() {
      const prompt = parts.renumber.get();
      if (prompt !== null) fill({ prompt });
    },
    leaveNumbers,
    cancel: async (card) => void (await ask({ kind: "cancel", job_id: card.id }, "results")),
    dismiss: (card) => void dismiss(card),
    reuse,
    editPicture: (imageId) => editPicture(imageId),
    changeRegion: ({ id, width, height }, mask) => editPicture(id, { mask, size: [width, height] }),
    clearRegion: () => parts.region.set(null),
    askAgain,
    tryAgain,
    copy: async (imageId) => void (await reportingAt("results", copy(imageId))),
    editPrompt: (card) => fill({ prompt: card.form.prompt }),
    resume: () => void reportingAt("results", jobs.resume()),
    async ledger() {
      try {
        const { result } = await channel.request({ kind: "ledger" });
        return read(ledgerReply, result) ?? UNREADABLE;
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    },
    async code(card) {
      const reply = await ask({ kind: "code", job_id: card.id }, "results");
      return read(codeReply, reply?.result)?.code ?? null;
    },
    open: parts.open,
    favour: async ({ id }) =>
      id.includes("~") ||
      (await ask({ kind: "mark", results: [resultOf(id)], favourite: true }, "results")),
    addFiles,
    addAddress,
    dropUpload: uploads.remove,
    removeReference,
    moveReference,
    addResult(imageId) {
      if (!isAgain(imageId)) addOne({ kind: "use_result", image_id: imageId });
    },
    select: (imageId) => parts.traits.write({ selected: imageId }),
    pin: (imageId) =>
      parts.traits.write(imageId ? { selected: imageId, pinned: true } : { pinned: false }),
    async save(imageId) {
      const file = await reportingAt("results", original(imageId));
      if (file) download(file.blob, file.name);
    },
    clearError: (place) => errors.clear(place),
  };
}

/** Whether the form is empty, so that replacing it loses nothing. */
const isEmpty = ({ form, references }: FormSnapshot) =>
  !form.prompt.trim() && references.length === 0;

/** The form as a click sends it, with defaults for what the endpoint does not take. */
function requestForm({ facts }: Parts, values: FormTraits, ids: string[]): Form {
  const endpoint = endpointOf(facts.get(), values.model, ids.length);
  return { ...adaptForm(endpoint, values), references: ids };
}

/** The terms that the button shows: which backend answers, and the most it costs. */
function shownTerms({ backend, facts }: Parts, values: FormTraits, images: number): Terms {
  const { name, bills } = backend.get();
  const endpoint = endpointOf(facts.get(), values.model, images);
  const span = bills && endpoint && priceOf(facts.get(), endpoint, values, images);
  return { backend: name, bills, high: span ? formatExact(span[1]) : "0" };
}
