import { ModelPicker } from "../form/ModelPicker";
import { isMoney } from "../form/money";
import { WAITING } from "../form/submission";
import { useStore } from "../kernel/store";
import { isFinal } from "../kernel/wire";
import { Link } from "../pictures/buttons";
import { GO_ONLINE } from "../results/Results";
import { MoneyPill } from "./MoneyPill";
import { useSession } from "./session";

/** How many jobs run; a press brings the first one into sight, wherever one had scrolled. */
function Running() {
  const session = useSession();
  const { gone } = useStore(session.channel.state);
  const running = useStore(session.jobs.cards).filter((card) => !isFinal(card)).length;
  if (gone || running === 0) return null;
  function show({ currentTarget }: MouseEvent) {
    const root = (currentTarget as Element).closest(".sd-root");
    const card = root?.querySelector<HTMLElement>(".sd-job[aria-busy=true]");
    card?.scrollIntoView?.({ block: "nearest" });
    card?.focus({ preventScroll: true });
  }
  return (
    <Link title="Show what runs" onClick={show}>
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
      <span class="sd-grow" />
      <Running />
      {waiting && <span class="sd-pill">{WAITING}</span>}
      {label && (
        <span class="sd-pill sd-warn" title={GO_ONLINE}>
          {label}
        </span>
      )}
      {bills && isMoney(money) && <MoneyPill />}
    </header>
  );
}
