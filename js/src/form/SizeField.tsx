import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Link } from "../controls/buttons";
import { useAnnouncement } from "../controls/FieldError";
import { Label } from "../controls/Label";
import { RadioGroup, type RadioOption } from "../controls/RadioGroup";
import { useStore } from "../kernel/store";
import type { ImageSize, Size } from "../kernel/wire";
import type { Checks } from "./checks";
import type { Endpoint, Facts } from "./facts";
import { sizeOf } from "./fields";
import { NumberField } from "./NumberField";
import { useSession } from "./session";
import {
  choiceOf,
  enlarged,
  formatMegapixels,
  formatSize,
  isNamed,
  pixelsOf,
  ratios,
  sizeOfShape,
  tiersOf,
} from "./sizes";

const LONG = 20;

/** The shape itself, drawn to scale within a 20 px box. */
function Outline({ ratio }: { ratio: string }) {
  const [width = 1, height = 1] = ratio.split(":").map(Number);
  const scale = Math.min(LONG / Math.max(width, height), 15 / Math.sqrt(width * height));
  const side = (length: number) => `${Math.max(7, Math.round(length * scale))}px`;
  return <i style={{ width: side(width), height: side(height) }} />;
}

function shapeOptions(facts: Facts, endpoint: Endpoint | null): RadioOption[] {
  const hasAuto = endpoint?.size_names.some((name) => name.startsWith("auto"));
  const option = (value: string, label: string, drawn: VNode) => ({
    value,
    label,
    content: [drawn, label],
  });
  return [
    ...(hasAuto ? [option("auto", "Auto", <i class="sd-auto" key="i" />)] : []),
    ...ratios(facts).map((ratio) => option(ratio, ratio, <Outline key="i" ratio={ratio} />)),
    option("custom", "W×H", <i class="sd-wh" key="i" />),
  ];
}

/** The right end of the label: the true pixels, or the name with what is known of it. */
function summary(facts: Facts, size: ImageSize): string {
  const pixels = pixelsOf(facts, size);
  const numbers = pixels?.every((side) => side > 0)
    ? `${formatSize(pixels)} · ${formatMegapixels(pixels)}`
    : null;
  if (!isNamed(size)) return numbers ?? "";
  if (size.startsWith("auto")) return `${size} · Seedream chooses`;
  return numbers ? `${size} · ${numbers}` : size;
}

/** W×H stays open while its numbers happen to be in the table. */
function useShape(facts: Facts, size: ImageSize) {
  const [custom, setCustom] = useState<string | null>(null);
  const choice = choiceOf(facts, size);
  const shape = custom === String(size) && !isNamed(size) ? "custom" : choice.shape;
  return { shape, tier: choice.tier, holdCustom: (next: ImageSize) => setCustom(String(next)) };
}

interface TierProps {
  facts: Facts;
  endpoint: Endpoint;
  shape: string;
  tier: string | null;
  onSize(size: ImageSize): void;
}

function Tiers({ facts, endpoint, shape, tier, onSize }: TierProps) {
  const tiers = tiersOf(facts, endpoint, shape);
  if (tiers.length < 2) return null;
  return (
    <RadioGroup
      label="Resolution"
      class="sd-tiers"
      optionClass="sd-tier"
      value={tier}
      options={tiers.map((row) => ({
        value: row.name,
        label: row.name,
        content: row.name,
        refused: row.allowed ? undefined : `Takes ${endpoint.rule.text}`,
      }))}
      onChange={(name) => onSize(tiers.find((row) => row.name === name)?.size ?? "auto")}
    />
  );
}

function CustomSize({ size, note, onSize }: CustomProps) {
  const { channel } = useSession();
  const field = (label: string, at: 0 | 1) => (
    <NumberField
      id={`${channel.view}-${label}`}
      label={label}
      value={size[at]}
      min={1}
      step={1}
      note={note}
      onValue={(value) => {
        const side = value ?? Number.NaN;
        onSize(at === 0 ? [side, size[1]] : [size[0], side]);
      }}
    />
  );
  return (
    <div class="sd-dims">
      {field("Width", 0)}
      <span aria-hidden="true">×</span>
      {field("Height", 1)}
      <span aria-hidden="true">px</span>
    </div>
  );
}

interface CustomProps {
  size: Size;
  note: string | false;
  onSize(size: Size): void;
}

function SizeNote({ checks, id, size }: { checks: Checks; id: string; size: ImageSize }) {
  const { actions, errors } = useSession();
  const told = useStore(errors.all).image_size;
  const problem = checks.size;
  const near = problem?.nearest;
  useAnnouncement(problem?.message ?? told);
  if (problem || told) {
    return (
      <div class="sd-error" id={id}>
        {problem?.message ?? told}{" "}
        {near && (
          <Link onClick={() => actions.edit({ image_size: near })}>
            Use {isNamed(near) ? near : formatSize(near)}
          </Link>
        )}
      </div>
    );
  }
  const larger = checks.endpoint && !isNamed(size) ? enlarged(checks.endpoint.rule, size) : null;
  const preset = isNamed(size) && !size.startsWith("auto");
  const hint = larger
    ? `fal scales it up to about ${formatSize(larger)}.`
    : preset && `${size} is one of fal's named sizes. Choose a shape to replace it.`;
  return hint ? (
    <p class="sd-hint" id={id}>
      {hint}
    </p>
  ) : null;
}

export function SizeField({ checks }: { checks: Checks }) {
  const session = useSession();
  const facts = useStore(session.facts);
  const form = useStore(session.form.values);
  const size = sizeOf(checks.endpoint, form);
  const { shape, tier, holdCustom } = useShape(facts, size);
  const told = useStore(session.errors.all).image_size;
  const { endpoint } = checks;
  const noteId = `${session.channel.view}-size`;
  const choose = (next: ImageSize) => session.actions.edit({ image_size: next });

  function chooseShape(next: string) {
    if (next === "custom") {
      const start = pixelsOf(facts, size) ?? [2048, 2048];
      holdCustom(start);
      choose(start);
    } else if (endpoint) {
      const wanted = sizeOfShape(facts, endpoint, next, tier);
      if (wanted) choose(wanted);
    }
  }

  function chooseCustom(next: Size) {
    holdCustom(next);
    session.actions.edit({ image_size: next }, true);
  }

  return (
    <div class="sd-field">
      <Label name="Size">
        {summary(facts, size)}
        {size !== form.image_size && " · fal's default"}
        {useStore(session.shape).join() === String(size) && " · shape of image 1"}
      </Label>
      <RadioGroup
        label="Size"
        class="sd-shapes"
        optionClass="sd-shape"
        value={shape}
        options={shapeOptions(facts, endpoint)}
        describedBy={checks.size || told ? noteId : undefined}
        onChange={chooseShape}
      />
      {endpoint && shape && shape !== "custom" && (
        <Tiers {...{ facts, endpoint, shape, tier }} onSize={choose} />
      )}
      {shape === "custom" && !isNamed(size) && (
        <CustomSize size={size} note={checks.size !== null && noteId} onSize={chooseCustom} />
      )}
      <SizeNote checks={checks} id={noteId} size={size} />
    </div>
  );
}
