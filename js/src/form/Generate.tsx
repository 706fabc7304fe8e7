import { Fault } from "../files/Fault";
import { isMac } from "../files/keys";
import { GONE } from "../kernel/channel";
import { useStore } from "../kernel/store";
import { modelOf } from "./facts";
import { estimate } from "./money";
import { useSession } from "./session";
import { WAITING } from "./submission";

const PHASES = { sending: "Sending…", waiting: WAITING };

/** What it costs, and how old that price is where it is not today's. */
function useEstimate(): [cost: string, age: string] {
  const session = useSession();
  const form = useStore(session.form.values);
  const model = modelOf(useStore(session.facts), form.model);
  const { bills } = useStore(session.backend);
  const age = bills && model && !model.price_live ? `price of ${model.price_as_of}` : "";
  return [estimate({ ...form, price: model?.price ?? "0", bills }), age];
}

export function Generate({ reason }: { reason: string | null }) {
  const session = useSession();
  const phase = useStore(session.submission.phase);
  const { gone } = useStore(session.channel.state);
  const told = useStore(session.faults.all).form;
  const [cost, age] = useEstimate();
  const terms = age ? `${cost} · ${age}` : cost;
  const noteId = `${session.channel.view}-reason`;
  const why = gone ? GONE : reason;
  return (
    <div class="sd-field">
      <button
        type="button"
        class="sd-go"
        // By itself it is called what it shows; while it waits it is found by the same name.
        aria-label={phase === "idle" ? undefined : `Generate: ${PHASES[phase]} ${terms}`}
        aria-describedby={told ? `${noteId} ${noteId}-fault` : noteId}
        // Not `disabled`: a button that loses focus hands the next key to the notebook.
        aria-disabled={why || phase !== "idle" ? true : undefined}
        onClick={session.actions.submit}
      >
        <span>
          {phase === "idle" ? "Generate" : PHASES[phase]}{" "}
          {phase === "idle" && <kbd>{isMac() ? "⌘ ↵" : "Ctrl ↵"}</kbd>}
        </span>{" "}
        <small>{terms}</small>
      </button>
      <p class="sd-hint" id={noteId}>
        {why}
      </p>
      <Fault id={`${noteId}-fault`}>{told}</Fault>
    </div>
  );
}
