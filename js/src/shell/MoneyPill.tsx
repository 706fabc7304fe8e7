import { useEffect, useRef, useState } from "preact/hooks";
import { useAnswer } from "../controls/answer";
import { atPressElsewhere } from "../kernel/page";
import { useStore } from "../kernel/store";
import type { Ledger } from "../kernel/wire";
import { useSession } from "./session";

type Rows = Ledger["rows"];

const Table = ({ label, rows }: { label: string; rows: Rows }) => (
  <table aria-label={label}>
    <tbody>
      {rows.map(({ name, text }, at) => (
        <tr key={at}>
          <th scope="row" title={name}>
            {name}
          </th>
          <td>{text}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

/** What was spent; a click opens the ledger, which stays up to date while it is open. */
export function MoneyPill() {
  const { actions, money: stands } = useSession();
  const money = useStore(stands);
  const [open, setOpen] = useState(false);
  const [told, setTold] = useState<Ledger | string>("");
  const ref = useRef<HTMLDetailsElement>(null);
  const focusSummary = () => ref.current?.querySelector("summary")?.focus();
  useAnswer(() => (open ? actions.ledger() : undefined), setTold, [open, money]);
  useEffect(() => {
    const details = ref.current;
    if (!open || !details) return;
    // Not every browser gives it the focus, and Escape goes where that is.
    focusSummary();
    return atPressElsewhere(details, () => setOpen(false));
  }, [open]);
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    setOpen(false);
    focusSummary();
  }
  return (
    <details
      ref={ref}
      class="sd-ledger"
      open={open}
      onToggle={() => setOpen(ref.current?.open ?? false)}
      onKeyDown={onKeyDown}
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (relatedTarget && !currentTarget.contains(relatedTarget as Node)) setOpen(false);
      }}
    >
      <summary class="sd-pill" title="Show what was spent on what">
        {money}
      </summary>
      <div class="sd-menu">
        {typeof told === "string" ? (
          <p class="sd-hint">{told || "Asking the kernel"}</p>
        ) : (
          <>
            <Table label="Money" rows={told.rows} />
            {told.last.length > 0 && <Table label="Last requests" rows={told.last} />}
          </>
        )}
      </div>
    </details>
  );
}
