import { Button } from "../controls/buttons";
import type { Kin } from "../kernel/wire";
import { Preview } from "../pictures/Preview";
import { edgeFor } from "../pictures/previews";
import { useViewer } from "./session";

const EDGE = 52;

/** The pictures that this one was made from, and those made from it, to step through. */
export function Lineage({ line }: { line: Kin[] }) {
  const { viewer } = useViewer();
  const ids = line.flatMap(({ id }) => id || []);
  if (line.length === 0) return null;
  return (
    <section class="sd-lineage" aria-label="Lineage">
      <b aria-hidden="true">Lineage</b>
      <ul>
        {line.map((each) => (
          <li key={each.id || each.words}>
            {each.id ? (
              <Step kin={each} go={() => viewer.walk(ids, ids.indexOf(each.id))} />
            ) : (
              <small>{each.words}</small>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Step({ kin: { id, words, kin }, go }: { kin: Kin; go(): void }) {
  const here = kin === "this";
  return (
    <Button
      class="sd-ref"
      aria-label={`${here ? "this picture" : kin}: ${words}`}
      aria-current={here}
      title={words}
      onClick={() => here || go()}
    >
      <Preview of={id} edge={edgeFor(EDGE)} />
    </Button>
  );
}
