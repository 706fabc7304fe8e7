/** What the kernel says once about models, sizes and limits (`_facts`, `_backend`). */
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
import type { Size } from "../kernel/wire";

export interface SizeRule {
  min_pixels: number;
  max_pixels: number;
  sides: Size | null;
  scales_up: boolean;
  max_ratio: number;
  text: string;
}

export interface Endpoint {
  id: string;
  arguments: string[];
  size_names: string[];
  rule: SizeRule;
  max_inputs: number;
  max_inputs_and_outputs: number | null;
}

export interface Model {
  name: string;
  label: string;
  price: string;
  price_as_of: string;
  /** Read from fal today. */
  price_live: boolean;
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

const endpoint = shape<Endpoint>({
  id: text,
  arguments: list(text),
  size_names: list(text),
  rule,
  max_inputs: integer,
  max_inputs_and_outputs: nullable(integer),
});

const model = shape<Model>({
  name: text,
  label: text,
  price: decimal,
  price_as_of: text,
  price_live: flag,
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

/** The endpoint a request would go to: edit when there are references. */
export const endpointOf = (all: Facts, name: string, references: number): Endpoint | null =>
  modelOf(all, name)?.endpoints[references > 0 ? "edit" : "text-to-image"] ?? null;
