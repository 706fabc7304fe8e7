import { ModelPicker } from "../form/ModelPicker";
import { isMoney } from "../form/money";
import { WAITING } from "../form/submission";
import { useStore } from "../kernel/store";
import { GO_ONLINE } from "../results/Results";
import { MoneyPill } from "./MoneyPill";
import { useSession } from "./session";

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
