/** Checks of the form, reported at its fields before a click. */

import { misnamed } from "../files/mentions";
import type { FormTraits } from "../kernel/wire";
import { type Endpoint, endpointOf, type Facts, modelOf } from "./facts";
import { adaptForm } from "./fields";
import { isNamed, type SizeProblem, sizeProblem } from "./sizes";

export interface Checks {
  endpoint: Endpoint | null;
  prompt: string | null;
  size: SizeProblem | null;
  num_images: string | null;
  max_images: string | null;
  seed: string | null;
  references: string | null;
}

const MAX_SEED = 2 ** 31 - 1;

const isWithin = (value: number, low: number, high: number) =>
  Number.isInteger(value) && value >= low && value <= high;

const isSeed = (seed: number | null) => seed === null || isWithin(seed, 0, MAX_SEED);

/** Whether a trait takes a value: half-typed and impossible numbers stay on the page. */
export function isWritable(facts: Facts, name: keyof FormTraits, form: FormTraits): boolean {
  if (name === "num_images" || name === "max_images") return isWithin(form[name], ...facts.counts);
  if (name === "seed") return isSeed(form.seed);
  const size = form.image_size;
  return name !== "image_size" || isNamed(size) || size.every((side) => isWithin(side, 1, 1e6));
}

function countProblem(name: string, value: number, counts: readonly [number, number]) {
  const [low, high] = counts;
  return isWithin(value, low, high) ? null : `${name} takes a whole number from ${low} to ${high}.`;
}

function totalProblem(endpoint: Endpoint, references: number, form: FormTraits): string | null {
  const most = endpoint.max_inputs_and_outputs;
  const outputs = form.num_images * form.max_images;
  if (most === null || Number.isNaN(outputs) || references + outputs <= most) return null;
  return (
    `edit takes up to ${most} images in and out together; ` +
    `${references} references and ${outputs} results make ${references + outputs}.`
  );
}

function referencesProblem(
  endpoint: Endpoint,
  label: string,
  references: number,
  form: FormTraits,
): string | null {
  if (references > endpoint.max_inputs) {
    return endpoint.max_inputs === 0
      ? `${label} has no edit endpoint here yet. Remove the references, or choose another model.`
      : `${label} takes up to ${endpoint.max_inputs} references; remove some.`;
  }
  return totalProblem(endpoint, references, form);
}

export function check(facts: Facts, given: FormTraits, references: number): Checks {
  const endpoint = endpointOf(facts, given.model, references);
  const form = adaptForm(endpoint, given);
  const label = modelOf(facts, form.model)?.label ?? form.model;
  const kind = references > 0 && endpoint?.max_inputs ? `${label} edit` : label;
  return {
    endpoint,
    prompt: form.prompt.trim() ? null : "Write a prompt first.",
    size: endpoint && sizeProblem(endpoint, kind, form.image_size),
    num_images: countProblem("Images", form.num_images, facts.counts),
    max_images: countProblem("Up to", form.max_images, facts.counts),
    seed: isSeed(form.seed)
      ? null
      : "Seed takes a whole number from 0 to 2147483647, or nothing for a random one.",
    references: endpoint && referencesProblem(endpoint, label, references, form),
  };
}

/** Why Generate is disabled, in one sentence; null when it is not. */
export function blocker(checks: Checks, uploading: number, facts: Facts): string | null {
  if (!checks.endpoint) {
    return facts.models.length > 0
      ? "Choose a model."
      : "The kernel has not told which models there are yet.";
  }
  const size = checks.size && "Choose a size that the model takes.";
  const uploads =
    uploading > 0 ? `Waiting for ${uploading === 1 ? "an image" : `${uploading} images`}.` : null;
  return (
    checks.prompt ??
    checks.references ??
    size ??
    checks.num_images ??
    checks.max_images ??
    checks.seed ??
    uploads
  );
}

/** A warning when the prompt names an image that is not there. */
export function mentionHint(prompt: string, references: number): string | null {
  const wrong = misnamed(prompt, references);
  if (wrong.length === 0) return null;
  const highest = Math.max(...wrong);
  const there =
    references === 0
      ? "there are no reference images"
      : `there ${references === 1 ? "is 1 reference image" : `are ${references} reference images`}`;
  const counted = highest === 0 ? "; they count from 1" : "";
  return `The prompt names image ${highest}, but ${there}${counted}.`;
}
