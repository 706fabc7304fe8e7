import { Grow, Link } from "../controls/buttons";
import { ModelPicker } from "../form/ModelPicker";
import { WAITING } from "../form/submission";
import { goTo } from "../kernel/page";
import { useStore } from "../kernel/store";
import { isFinal } from "../kernel/wire";
import { GO_ONLINE } from "../results/Results";
import { MoneyPill } from "./MoneyPill";
import { useSession } from "./session";

/** How many jobs are running; a press scrolls to the first one. */
function Running() {
  const session = useSession();
  const { gone } = useStore(session.channel.state);
  const running = useStore(session.jobs.cards).filter((card) => !isFinal(card)).length;
  if (gone || running === 0) return null;
  return (
    <Link
      title="Show running jobs"
      onClick={({ currentTarget }) => goTo(currentTarget, ".sd-job[aria-busy=true]")}
    >
      {running} running
    </Link>
  );
}

export function Header() {
  const session = useSession();
  const { label, bills } = useStore(session.backend);
  const { waiting } = useStore(session.channel.state);
  const money = useStore(session.money);
  return (
    <header class="sd-bar">
      <b>Seedream</b>
      <ModelPicker />
      <Grow />
      <Running />
      {waiting && <span class="sd-pill">{WAITING}</span>}
      {label && (
        <span class="sd-pill sd-warn" title={GO_ONLINE}>
          {label}
        </span>
      )}
      {bills && money && <MoneyPill />}
    </header>
  );
}
