/** The kernel's facts about models, sizes and limits (traits `_facts`, `_backend`). */
import type { Limits } from "../files/uploads";
import {
  decimal,
  flag,
  integer,
  list,
  nullable,
  number,
  pair,
  readable,
  record,
  shape,
  text,
} from "../kernel/parse";
import { type ImageSize, imageSize, type Size } from "../kernel/wire";

const TEXT = "text-to-image";

export interface SizeRule {
  min_pixels: number;
  max_pixels: number;
  sides: Size | null;
  scales_up: boolean;
  max_ratio: number;
  text: string;
}

/** What one image costs: by the pixels asked, and for each reference after the first. */
export interface PriceRule {
  usd: string;
  /** Ascending; empty if the price does not depend on the size. */
  tiers: { up_to: number; usd: string }[];
  each_reference: string;
  /** "price of 2026"; empty where it was read from fal today. */
  age: string;
}

export interface Endpoint {
  id: string;
  arguments: string[];
  /** The words of arguments that take one of a few, fal's default first. */
  choices: Record<string, string[]>;
  size_names: string[];
  /** The size that "default" means. */
  default_size: ImageSize;
  rule: SizeRule;
  max_inputs: number;
  max_inputs_and_outputs: number | null;
  price: PriceRule;
}

export interface Model {
  name: string;
  label: string;
  /** What sets it apart, in a line. */
  about: string;
  endpoints: Record<string, Endpoint>;
}

export interface TableSize {
  ratio: string;
  tier: string;
  size: Size;
}

export interface Facts {
  models: Model[];
  sizes: TableSize[];
  counts: readonly [number, number];
  presets: Record<string, Size>;
  limits: Limits;
}

export interface Backend {
  name: string;
  label: string | null;
  bills: boolean;
}

const rule = shape<SizeRule>({
  min_pixels: integer,
  max_pixels: integer,
  sides: nullable(pair),
  scales_up: flag,
  max_ratio: number,
  text,
});

const price = shape<PriceRule>({
  usd: decimal,
  tiers: list(shape<{ up_to: number; usd: string }>({ up_to: integer, usd: decimal })),
  each_reference: decimal,
  age: text,
});

const endpoint = shape<Endpoint>({
  id: text,
  arguments: list(text),
  choices: record(list(text)),
  size_names: list(text),
  default_size: imageSize,
  rule,
  max_inputs: integer,
  max_inputs_and_outputs: nullable(integer),
  price,
});

const model = shape<Model>({
  name: text,
  label: text,
  about: text,
  endpoints: record(endpoint),
});

export const facts = shape<Facts>({
  models: readable(model),
  sizes: list(shape<TableSize>({ ratio: text, tier: text, size: pair })),
  counts: pair,
  presets: record(pair),
  limits: shape<Limits>({ upload_bytes: integer, references: integer }),
});

export const backend = shape<Backend>({ name: text, label: nullable(text), bills: flag });

export const noFacts: Facts = {
  models: [],
  sizes: [],
  counts: [1, 6],
  presets: {},
  limits: { upload_bytes: 0, references: 10 },
};

export const modelOf = (all: Facts, name: string): Model | null =>
  all.models.find((row) => row.name === name) ?? null;

/** The endpoint a request would go to: edit when there are references and the model has one. */
export function endpointOf(all: Facts, name: string, references: number): Endpoint | null {
  const endpoints = modelOf(all, name)?.endpoints;
  return endpoints?.[references > 0 ? "edit" : TEXT] ?? endpoints?.[TEXT] ?? null;
}
