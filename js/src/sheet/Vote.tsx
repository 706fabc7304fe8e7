import { useEffect, useRef } from "preact/hooks";
import { Chip, Link } from "../controls/buttons";
import { useStore } from "../kernel/store";
import type { Ballot, SheetCell } from "../kernel/wire";
import { Preview } from "../pictures/Preview";
import { edgeFor } from "../pictures/previews";
import { type Batch, useSheet } from "./session";

const BEST = 5;

const Large = ({ cell: { id, words } }: { cell: Pick<SheetCell, "id" | "words"> }) => (
  <Preview of={id ?? ""} edge={edgeFor(480)} alt={words}>
    <span>{words}</span>
  </Preview>
);

/** Two cells side by side: press the better one, or an arrow key, until the order is clear. */
export function VoteBox({ batch, ballot }: { batch: Batch; ballot: Ballot }) {
  const { sheet, announcer } = useSheet();
  const picked = useStore(sheet.picked);
  const box = useRef<HTMLElement>(null);
  const [left, right] = ballot.pair.map((name) => batch.cells.get(name));
  const best = ballot.ranking
    .slice(0, BEST)
    .map((name) => batch.cells.get(name))
    .filter((cell) => cell !== undefined);
  useEffect(() => {
    if (ballot.clear) announcer.say("The order is clear.");
    else box.current?.focus();
  }, [ballot, announcer]);
  const prefer = (better?: SheetCell, other?: SheetCell) =>
    better && other && void sheet.prefer(better.name, other.name);
  function onKeyDown({ key }: KeyboardEvent) {
    if (key === "ArrowLeft") prefer(left, right);
    if (key === "ArrowRight") prefer(right, left);
    if (key === "Escape") sheet.vote.set(null);
  }
  return (
    <section ref={box} class="sd-vote" aria-label="Vote" tabIndex={-1} onKeyDown={onKeyDown}>
      <h3>{ballot.clear ? "The order is clear" : "Which one is better?"}</h3>
      {left && right ? (
        <div class="sd-vote-two">
          <Chip onClick={() => prefer(left, right)}>
            <Large cell={left} />← This one
          </Chip>
          <Chip onClick={() => prefer(right, left)}>
            <Large cell={right} />
            This one →
          </Chip>
        </div>
      ) : (
        <ol class="sd-vote-best">
          {best.map(({ name, id, words }, at) => (
            <li key={name}>
              <Large cell={{ id, words }} />
              {at + 1}.{" "}
              {id && (
                <Chip aria-pressed={picked.includes(id)} onClick={() => sheet.pick(id)}>
                  Choose
                </Chip>
              )}
            </li>
          ))}
        </ol>
      )}
      <p>
        <Link onClick={() => sheet.vote.set(null)}>Back to the sheet</Link>
        <span>The ranking so far is in sheet.ranking.</span>
      </p>
    </section>
  );
}
