/** Everything one view holds. Nothing here is shared with another view but the model itself. */
import type { AnyModel } from "@anywidget/types";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Hover } from "../files/drops";
import { createPreviews, type Previews } from "../files/previews";
import { createReferences, type References } from "../files/references";
import { createUploads, type Uploads } from "../files/uploads";
import { type Backend, backend, type Facts, facts, noFacts } from "../form/facts";
import { createForm, type FormStore } from "../form/form";
import { createSubmission, type Submission } from "../form/submission";
import { type Channel, createChannel } from "../kernel/channel";
import { createFaults, type Faults } from "../kernel/faults";
import { decimal, either, oneOf, text } from "../kernel/parse";
import { createStore, type Store } from "../kernel/store";
import { createTraits, type Traits } from "../kernel/traits";
import { tellArrivals } from "../results/arrivals";
import { createJobs, type Jobs } from "../results/jobs";
import { type Actions, createActions } from "./actions";
import { type Announcer, createAnnouncer } from "./announcer";

export interface Parts {
  traits: Traits;
  channel: Channel;
  facts: Store<Facts>;
  backend: Store<Backend>;
  spent: Store<string>;
  /** US dollars; "" where no limit is set. */
  budget: Store<string>;
  dropping: Store<Hover>;
  selected: Store<string>;
  form: FormStore;
  references: References;
  uploads: Uploads;
  jobs: Jobs;
  previews: Previews;
  faults: Faults;
  submission: Submission;
  announcer: Announcer;
}

export interface Session extends Parts {
  actions: Actions;
}

const offline: Backend = { name: "offline", label: null, bills: false };

export function createSession(model: AnyModel, root: HTMLElement, ended: AbortSignal): Session {
  const traits = createTraits(model, ended);
  const channel = createChannel(model, ended);
  const allFacts = traits.store("_facts", facts, noFacts);
  const references = createReferences(channel, traits);
  const jobs = createJobs(channel, ended);
  tellArrivals(jobs, traits);
  const faults = createFaults();
  const submission = createSubmission(channel, jobs, faults, ended);
  const previews = createPreviews(channel, ended);
  const count = () => references.shown.get().length;
  const parts: Parts = {
    traits,
    channel,
    facts: allFacts,
    backend: traits.store("_backend", backend, offline),
    spent: traits.store("_spent", decimal, "0"),
    budget: traits.store("_budget", either(decimal, oneOf("")), ""),
    dropping: createStore<Hover>(""),
    selected: traits.store("selected", text, ""),
    form: createForm(traits, allFacts, ended),
    references,
    uploads: createUploads(channel, allFacts, count, previews, ended),
    jobs,
    previews,
    faults,
    submission,
    announcer: createAnnouncer(jobs, submission.phase, root, ended),
  };
  return { ...parts, actions: createActions(parts) };
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("no session above this component");
  return session;
}
