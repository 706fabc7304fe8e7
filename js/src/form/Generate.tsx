import { Button } from "../controls/buttons";
import { FieldError } from "../controls/FieldError";
import { isMac } from "../controls/keys";
import { GONE, SILENT } from "../kernel/channel";
import { useStore } from "../kernel/store";
import { modelOf } from "./facts";
import { takes } from "./fields";
import { estimate } from "./price";
import { useSent } from "./region";
import { useSession } from "./session";
import { WAITING } from "./submission";

const PHASES = { sending: "Sending…", waiting: WAITING, sent: "Sent" };

/** What a click makes and costs, and the age of the price if it is not current. */
function useEstimate(): string {
  const session = useSession();
  const { facts, form, images, endpoint } = useSent();
  const { bills } = useStore(session.backend);
  if (!endpoint) return "";
  const cost = estimate(facts, endpoint, form, images, bills);
  return bills && cost && endpoint.price.age ? `${cost} · ${endpoint.price.age}` : cost;
}

/** A model without a seed gives another picture each time: the button says so. */
function useNoSeedHint(): string | null {
  const { facts, form, endpoint } = useSent();
  if (takes(endpoint, "seed")) return null;
  return `${modelOf(facts, form.model)?.label} takes no seed: each click asks for another picture.`;
}

export function Generate({ reason }: { reason: string | null }) {
  const session = useSession();
  const phase = useStore(session.submission.phase);
  const { gone, silent } = useStore(session.channel.state);
  const told = useStore(session.errors.all).form;
  const estimated = useEstimate();
  const noSeed = useNoSeedHint();
  const noteId = `${session.channel.view}-reason`;
  const why = gone ? GONE : reason;
  const waits = silent && `${SILENT}. A click waits for it, and is sent once.`;
  return (
    <div class="sd-field">
      <Button
        class="sd-go"
        data-once
        // Its label is its text; while it waits it keeps the same accessible name.
        aria-label={phase === "idle" ? undefined : `Generate: ${PHASES[phase]} ${estimated}`}
        aria-describedby={told ? `${noteId} ${noteId}-error` : noteId}
        // Not `disabled`, which would lose the focus and send the next key to the notebook.
        aria-disabled={!!why || phase === "sending" || phase === "waiting"}
        onClick={session.actions.submit}
      >
        <span>
          {phase === "idle" ? "Generate" : PHASES[phase]}{" "}
          {/* It keeps its room: the button must not change its shape under the hand. */}
          <kbd style={phase === "idle" ? undefined : { visibility: "hidden" }}>
            {isMac() ? "⌘ ↵" : "Ctrl ↵"}
          </kbd>
        </span>{" "}
        <small>{estimated}</small>
      </Button>
      <p class="sd-hint" id={noteId}>
        {why || waits || noSeed}
      </p>
      <FieldError id={`${noteId}-error`}>{told}</FieldError>
    </div>
  );
}
