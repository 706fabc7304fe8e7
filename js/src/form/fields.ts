/** Which fields of the form the endpoint takes; the others stay as typed, but are not sent. */

import type { FormTraits, ImageSize } from "../kernel/wire";
import { joinPresent } from "../kernel/words";
import type { Endpoint, Model } from "./facts";

export const initialForm: FormTraits = {
  prompt: "",
  image_size: [2048, 2048],
  seed: null,
  num_images: 1,
  max_images: 1,
  enhance_prompt_mode: "standard",
  enable_safety_checker: true,
  sync_mode: false,
  model: "",
  output_format: null,
  background: null,
};

const NAMES: Partial<Record<string, string>> = {
  seed: "seed",
  max_images: "“Up to”",
  enhance_prompt_mode: "prompt enhancement",
  enable_safety_checker: "safety checker",
  sync_mode: "sync mode",
  output_format: "file format",
  background: "background",
};

export const takes = (endpoint: Endpoint | null, name: string): boolean =>
  endpoint?.arguments.includes(name) ?? true;

const OWN_SIZE = "default";

/** The size that is asked for: "default" is the endpoint's own. */
export const sizeOf = (endpoint: Endpoint | null, { image_size: size }: FormTraits): ImageSize =>
  size === OWN_SIZE && endpoint ? endpoint.default_size : size;

/** The form as it is sent, with defaults for fields that the endpoint does not take. */
export function adaptForm(endpoint: Endpoint | null, form: FormTraits): FormTraits {
  const foreign = Object.keys(NAMES).filter((name) => !takes(endpoint, name));
  const defaults = Object.fromEntries(
    foreign.map((name) => [name, initialForm[name as keyof FormTraits]]),
  );
  const sent = { ...form, ...defaults, image_size: sizeOf(endpoint, form) };
  // The kernel asks for the format that can be clear.
  return sent.background === "transparent" ? { ...sent, output_format: null } : sent;
}

const OPTIONAL = Object.keys(NAMES) as (keyof FormTraits)[];

function nameAll(names: string[], last = " and "): string {
  const all = names.map((name) => NAMES[name] ?? name);
  return joinPresent(last, all.slice(0, -1).join(", "), ...all.slice(-1));
}

/** What a change of model did to the form, in a line. */
export function describeChange(from: Model, to: Model): string {
  const names = (model: Model) =>
    new Set(Object.values(model.endpoints).flatMap((endpoint) => endpoint.arguments));
  const [before, after] = [names(from), names(to)];
  const gone = OPTIONAL.filter((name) => before.has(name) && !after.has(name));
  const come = OPTIONAL.filter((name) => !before.has(name) && after.has(name));
  const said = joinPresent(
    "; it ",
    gone.length > 0 && `takes no ${nameAll(gone, " and no ")}`,
    come.length > 0 && `${gone.length > 0 ? "lets you choose" : "also takes"} ${nameAll(come)}`,
  );
  return said && `${to.label} ${said}.`;
}

/** A line about fields that are set but not sent. */
export function describeKept(endpoint: Endpoint | null, form: FormTraits): string {
  const held = OPTIONAL.filter(
    (name) => !takes(endpoint, name) && form[name] !== initialForm[name],
  );
  return held.length > 0
    ? `What you set for ${nameAll(held)} is kept for when you switch back.`
    : "";
}
