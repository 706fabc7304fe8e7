import { isMoney, standing } from "../form/money";
import { WAITING } from "../form/submission";
import { useStore } from "../kernel/store";
import { GO_ONLINE } from "../results/Results";
import { useSession } from "./session";

function ModelSelect() {
  const { facts, form, actions } = useSession();
  const { models } = useStore(facts);
  const { model } = useStore(form.values);
  const known = models.some((row) => row.name === model);
  return (
    <select
      class="sd-select"
      aria-label="Model"
      value={model}
      onChange={(event) => actions.edit({ model: event.currentTarget.value })}
    >
      {!known && <option value={model}>{model || "…"}</option>}
      {models.map((row) => (
        <option key={row.name} value={row.name}>
          {row.label}
        </option>
      ))}
    </select>
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
      <ModelSelect />
      <span class="sd-grow" />
      {waiting && <span class="sd-pill">{WAITING}</span>}
      {label && (
        <span class="sd-pill sd-warn" title={GO_ONLINE}>
          {label}
        </span>
      )}
      {bills && isMoney(money) && <span class="sd-pill">{standing(money)}</span>}
    </header>
  );
}
