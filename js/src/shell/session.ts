/** Everything that one view holds; it shares only the model with other views. */

import type { Undoable } from "../controls/Undo";
import type { Hover } from "../files/drops";
import { createReferences } from "../files/references";
import { createUploads } from "../files/uploads";
import { type Backend, backend, facts, noFacts } from "../form/facts";
import { createForm, type FormSnapshot, type MarkedRegion } from "../form/form";
import { createSubmission } from "../form/submission";
import { createGallery } from "../gallery/state";
import { isShort } from "../gallery/words";
import { createErrors } from "../kernel/errors";
import { flag, integer, list, text } from "../kernel/parse";
import { useSessionAs } from "../kernel/session";
import { createStore } from "../kernel/store";
import type { AskAgain } from "../kernel/wire";
import { createPictures } from "../pictures/pictures";
import { createJobs } from "../results/jobs";
import { notifyPython } from "../results/notify";
import type { Tool, ViewerSession } from "../viewer/session";
import { createViewer, type LookUp, lookUpIn } from "../viewer/state";
import { type Actions, createActions, type Parts } from "./actions";
import { announceJobs } from "./announcer";
import type { Base } from "./base";

export interface Session extends Parts, Omit<ViewerSession, "announcer"> {
  actions: Actions;
}

const offline: Backend = { name: "offline", label: null, bills: false };

export function createSession(base: Base): Session {
  const { channel, traits, previews, announcer, ended } = base;
  const allFacts = traits.store("_facts", facts, noFacts);
  const references = createReferences(channel, traits);
  const jobs = createJobs(channel, ended);
  notifyPython(jobs, traits);
  const errors = createErrors();
  const submission = createSubmission(channel, jobs, errors, ended);
  const pictures = createPictures(channel);
  announceJobs(announcer, jobs, submission.phase);
  const count = () => references.shown.get().length;
  const parts: Parts = {
    ...base,
    facts: allFacts,
    backend: traits.store("_backend", backend, offline),
    money: traits.store("_money", text, ""),
    dropping: createStore<Hover>(""),
    selected: traits.store("selected", text, ""),
    pinned: traits.store("pinned", flag, false),
    form: createForm(traits, allFacts, ended),
    before: createStore<FormSnapshot | null>(null),
    shape: traits.store<readonly number[]>("_shape", list(integer), []),
    references,
    lit: createStore(0),
    renumber: createStore<string | null>(null),
    region: createStore<MarkedRegion | null>(null),
    uploads: createUploads(channel, allFacts, count, previews, ended),
    jobs,
    dismissed: createStore<Undoable | null>(null),
    pictures,
    errors,
    submission,
    gallery: createGallery(pictures, channel, traits, ended),
    galleryOpen: createStore(false),
    undoable: createStore<Undoable | null>(null),
    models: createStore(allFacts.get().models.map(({ name }) => name)),
    selectionName: "studio.gallery.selection",
  };
  const actions = createActions(parts);
  return {
    ...parts,
    actions,
    viewer: createViewer({ ...base, lookUp: lookUpOn(parts) }),
    tools: toolsOf(actions),
    onward: [...onwardOf(actions), missingOf(actions)],
    favour: actions.favour,
    changeRegion: actions.changeRegion,
  };
}

/** Looks a picture up on its card, else in the library. */
function lookUpOn({ jobs, pictures }: Parts): LookUp {
  const inLibrary = lookUpIn(pictures);
  return async (id) => {
    const card = jobs.of(id);
    const image = card?.images.find((image) => image.id === id);
    return card && image ? { ...image, words: card.prompt } : inLibrary(id);
  };
}

/** From a picture to the next request, in the viewer and in the gallery. */
function onwardOf({ askAgain, editPicture }: Actions) {
  const again = (name: string, how: AskAgain) => ({
    name,
    run: ({ id }: { id: string }) => askAgain(id, how),
  });
  return [
    { name: "Edit as image 1", run: ({ id }: { id: string }) => editPicture(id) },
    again("Reuse settings", "reuse"),
    again("Vary", "vary"),
    again("Same in 4K", "large"),
  ];
}

/** The card of a set tells of what did not come by itself. */
const missingOf = ({ askAgain }: Actions) => ({
  name: "Ask for what is missing",
  only: isShort,
  run: ({ id }: { id: string }) => askAgain(id, "missing"),
});

const toolsOf = (actions: Actions): Tool[] => [
  ...onwardOf(actions),
  { name: "Use as a reference", run: ({ id }) => actions.addResult(id) },
  { name: "Save", run: ({ id }) => actions.save(id) },
];

export const useSession = useSessionAs<Session>;
