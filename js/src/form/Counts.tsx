import { Button } from "../controls/buttons";
import { FieldError } from "../controls/FieldError";
import { Again, Dice } from "../controls/icons";
import { Label } from "../controls/Label";
import { useStore } from "../kernel/store";
import { isFinal } from "../kernel/wire";
import type { Checks } from "./checks";
import { takes } from "./fields";
import { NumberField } from "./NumberField";
import { useSession } from "./session";

const SEEDS = 2 ** 31;

const rollSeed = () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % SEEDS;

interface ErrorProps {
  error: string | null | undefined;
}

interface CountProps extends ErrorProps {
  name: "num_images" | "max_images";
  label: string;
  title: string;
}

function Count({ name, label, title, error }: CountProps) {
  const { channel, facts, form, actions } = useSession();
  const [min, max] = useStore(facts).counts;
  const id = `${channel.view}-${name}`;
  return (
    <div>
      <Label of={id} name={label} />
      <NumberField
        {...{ id, label, title, min, max, step: 1 }}
        value={useStore(form.values)[name]}
        note={error && `${id}-note`}
        onValue={(value, typed) => actions.edit({ [name]: value ?? Number.NaN }, typed)}
      />
    </div>
  );
}

function Seed({ error }: ErrorProps) {
  const { channel, form, jobs, actions } = useSession();
  const { seed } = useStore(form.values);
  const cards = useStore(jobs.cards);
  const last = cards.find((card) => isFinal(card) && card.seed !== null)?.seed ?? null;
  const id = `${channel.view}-seed`;
  return (
    <div>
      <Label of={id} name="Seed">
        {seed === null && "random"}
      </Label>
      <div class="sd-seed">
        <NumberField
          {...{ id, label: "Seed", step: 1, placeholder: "random", optional: true }}
          value={seed}
          note={error && `${id}-note`}
          onValue={(value, typed) => actions.edit({ seed: value }, typed)}
        />
        <Button
          aria-label="Reuse last seed"
          aria-disabled={last === null}
          title={last === null ? "No result with a seed yet" : `Reuse last seed, ${last}`}
          onClick={() => last !== null && actions.edit({ seed: last })}
        >
          <Again />
        </Button>
        <Button
          aria-label="Random seed"
          title="Choose a random seed and keep it"
          onClick={() => actions.edit({ seed: rollSeed() })}
        >
          <Dice />
        </Button>
      </div>
    </div>
  );
}

const SERIES = /^Generate a series of \d+ coherent images: /;
const USUAL = 4;

/** A set: its count is put into the prompt, as the vendor's guide advises, and into "Up to". */
function Series() {
  const { form, actions } = useSession();
  const { prompt, max_images } = useStore(form.values);
  const count = max_images > 1 && max_images <= 6 ? max_images : USUAL;
  const words = `Generate a series of ${count} coherent images: `;
  if (!prompt.trim() || (prompt.startsWith(words) && max_images === count)) return null;
  return (
    <Button
      class="sd-link sd-series"
      title={`Writes “${words.slice(0, -2)}” into the prompt and sets “Up to” to ${count}`}
      onClick={() =>
        actions.fill({ prompt: words + prompt.replace(SERIES, ""), max_images: count })
      }
    >
      {`Ask for a series of ${count}`}
    </Button>
  );
}

const NUMBERS = ["num_images", "max_images", "seed"] as const;

export function Counts({ checks }: { checks: Checks }) {
  const { channel, errors } = useSession();
  const told = useStore(errors.all);
  const wrong = (name: (typeof NUMBERS)[number]) => checks[name] ?? told[name];
  const { endpoint } = checks;
  return (
    <div class="sd-field">
      <div class="sd-row">
        <Count
          name="num_images"
          label="Images"
          title="How many generations, 1 to 6"
          error={wrong("num_images")}
        />
        {takes(endpoint, "max_images") && (
          <Count
            name="max_images"
            label="Up to"
            title="Most images of one generation; say the number in the prompt too"
            error={wrong("max_images")}
          />
        )}
        {takes(endpoint, "seed") && <Seed error={wrong("seed")} />}
      </div>
      {takes(endpoint, "max_images") && <Series />}
      {NUMBERS.map((name) => (
        <FieldError key={name} id={`${channel.view}-${name}-note`}>
          {wrong(name)}
        </FieldError>
      ))}
    </div>
  );
}
