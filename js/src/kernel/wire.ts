/** What travels between page and kernel. `tests/messages/` holds one golden file a message. */
import {
  decimal,
  either,
  flag,
  integer,
  list,
  nullable,
  number,
  orNull,
  type Parse,
  pair,
  readable,
  record,
  shape,
  text,
} from "./parse";

export type Size = readonly [number, number];
export type ImageSize = string | Size;

/** The form traits, each synced under its own name. */
export interface FormTraits {
  prompt: string;
  image_size: ImageSize;
  seed: number | null;
  num_images: number;
  max_images: number;
  enhance_prompt_mode: string;
  enable_safety_checker: boolean;
  sync_mode: boolean;
  model: string;
  /** null is the model's own. */
  output_format: string | null;
  background: string | null;
}

/**
 * A region in a picture's pixels: left, top, right and bottom of a box; or strokes of a round
 * brush, each its diameter, then x and y of each point.
 */
export type Mask = number[] | number[][];

export interface Form extends FormTraits {
  references: string[];
  /** The region of image 1 that may change. */
  mask?: Mask;
}

export interface Upload {
  kind: "upload";
  upload_id: string;
  name: string;
  size: number;
  media_type: string;
  /** The receipt inside is to set the form; else the file becomes a reference. */
  purpose?: "restore";
}

/** What a click was drawn under: who answers, and for how much at most, in US dollars. */
export interface Terms {
  backend: string;
  bills: boolean;
  high: string;
}

/** A part of a picture in its own pixels, and the size it is to have. */
export interface Region {
  kind: "region";
  target: string;
  left: number;
  top: number;
  width: number;
  height: number;
  to_width: number;
  to_height: number;
}

/** What is done where two pictures differ in size: refused, scaled or cut. */
export type Unequal = "" | "fit" | "crop";

/** What a look through the library leaves out; days as "2026-11-28". */
export type Filters = Partial<{
  since: string | null;
  until: string | null;
  model: string | null;
  kind: string | null;
  favourite: boolean | null;
  rating: number | null;
  fewer: boolean | null;
  session: boolean | null;
  collection: string | null;
}>;

export interface Browse {
  kind: "browse";
  query: string;
  filters: Filters;
  offset: number;
  count: number;
  /** A picture whose place is asked for, too. */
  find?: string;
  /** Whether to tell how many pictures each day has. */
  days?: boolean;
}

/** A picture asked for again: as it was, with another seed, in 4K, or what its set misses. */
export type AskAgain = "reuse" | "vary" | "large" | "missing";

/** Page to kernel; the channel adds `id`. */
export type Outgoing =
  | { kind: "submit"; form: Form; terms: Terms; pressed: number }
  | { kind: "cancel" | "forget" | "show_again"; job_id: string }
  | { kind: "code"; job_id?: string; image_ids?: string[] }
  | { kind: "sync"; since?: number }
  | { kind: "older"; before: number }
  | { kind: "resume" | "grid" | "ledger" | "stop" }
  | { kind: "ask"; retry: boolean; cells: number; terms: Terms; pressed: number }
  | { kind: "export"; format: string; x?: string; fit?: boolean }
  | { kind: "vote"; better: string; other: string }
  | { kind: "write"; traits: Record<string, unknown> }
  | Upload
  | { kind: "chunk"; upload_id: string; offset: number }
  | { kind: "probe" | "abandon"; upload_id: string }
  | { kind: "arrange"; references: string[]; sized?: boolean }
  | { kind: "use_result"; image_id: string; exact?: boolean }
  | { kind: "original"; image_id: string }
  | { kind: "ask_again"; image_id: string; how: AskAgain }
  | { kind: "use_address"; url: string }
  | { kind: "preview"; target: string; edge: number }
  | { kind: "look"; targets: string[] }
  | Region
  | { kind: "receipt"; target: string }
  | { kind: "difference"; first: string; second: string; unequal: Unequal }
  | Browse
  | { kind: "pick"; query: string; filters: Filters; offset: number; count: number }
  | { kind: "pictures" | "archive"; image_ids: string[] }
  | { kind: "mark"; results: string[]; favourite?: boolean; rating?: number }
  | { kind: "trash" | "restore"; results: string[] }
  | { kind: "collect"; collection: string; results: string[]; remove?: boolean };

export const imageSize: Parse<ImageSize> = either(text, pair);

export const formFields: { [K in keyof FormTraits]: Parse<FormTraits[K]> } = {
  prompt: text,
  image_size: imageSize,
  seed: nullable(integer),
  num_images: integer,
  max_images: integer,
  enhance_prompt_mode: text,
  enable_safety_checker: flag,
  sync_mode: flag,
  model: text,
  output_format: nullable(text),
  background: nullable(text),
};

/** The form of a card; a request from Python may leave the size to its default. */
export type CardForm = Omit<Form, "image_size"> & { image_size: ImageSize | null };

const cardForm = shape<CardForm>({
  ...formFields,
  image_size: nullable(imageSize),
  references: list(text),
});

export type JobState =
  | "preparing"
  | "queued"
  | "in_progress"
  | "fetching"
  | "completed"
  | "failed"
  | "cancelled";

export interface ResultImage {
  id: string;
  width: number;
  height: number;
}

/** One picture of the library, whoever made it; `id` is its result's id, a colon, its number. */
export interface Picture {
  id: string;
  result: string;
  index: number;
  count: number;
  width: number;
  height: number;
  prompt: string;
  asked: number | null;
  favourite: boolean;
  rating: number;
  error: string | null;
}

const imageFields = { id: text, width: integer, height: integer };

export const picture = shape<Picture>({
  ...imageFields,
  result: text,
  index: integer,
  count: integer,
  prompt: text,
  asked: nullable(integer),
  favourite: flag,
  rating: integer,
  error: nullable(text),
});

export interface ReplyError {
  message: string;
  field: string | null;
}

export interface Card {
  id: string;
  /** Its order: a higher one is newer. */
  place: number;
  state: JobState;
  text: string;
  prompt: string;
  offline: boolean;
  created: number;
  finished: number | null;
  progress: number | null;
  log: string | null;
  size: Size | null;
  num_images: number;
  max_images: number;
  seed: number | null;
  cost: string | null;
  /** Answered from the library. */
  cached: boolean;
  /** The page asked for it, not a cell. */
  clicked: boolean;
  /** What went wrong on the way to the disk. */
  note: string | null;
  images: ResultImage[];
  error: ReplyError | null;
  form: CardForm;
}

const resultImage = shape<ResultImage>(imageFields);
const error = shape<ReplyError>({ message: text, field: nullable(text) });

export const card = shape<Card>({
  id: text,
  place: integer,
  state: text as Parse<JobState>,
  text,
  prompt: text,
  offline: flag,
  created: number,
  finished: nullable(number),
  progress: nullable(number),
  log: nullable(text),
  size: nullable(pair),
  num_images: integer,
  max_images: integer,
  seed: nullable(integer),
  cost: orNull(decimal),
  cached: flag,
  clicked: flag,
  note: nullable(text),
  images: list(resultImage),
  error: nullable(error),
  form: cardForm,
});

export const isFinal = ({ state }: Card): boolean => /^(completed|failed|cancelled)$/.test(state);

export interface Reference {
  id: string;
  name: string;
  width: number;
  height: number;
  note: string | null;
}

export const reference = shape<Reference>({
  ...imageFields,
  name: text,
  note: nullable(text),
});

/** One request of a batch, at one or more places of its grid. */
export interface SheetCell {
  name: string;
  at: number[][];
  /** Its picture; null while there is none, and `words` say why. */
  id: string | null;
  /** In pixels, asked for while there is none; 0 where that is left to fal. */
  width: number;
  height: number;
  words: string;
  failed: boolean;
}

export interface SheetAxis {
  name: string;
  labels: string[];
}

const sheetCell = shape<SheetCell>({
  name: text,
  at: list(list(integer)),
  id: nullable(text),
  width: integer,
  height: integer,
  words: text,
  failed: flag,
});

/** What a press can ask for: so many requests, under the terms that its words tell. */
export interface Ask {
  words: string;
  cells: number;
  terms: Terms;
  retry: boolean;
}

/** How far a batch is, and what can be asked for. */
export interface Standing {
  words: string;
  errors: string;
  running: boolean;
  asks: Ask[];
}

const terms = shape<Terms>({ backend: text, bills: flag, high: decimal });

const standing = shape<Standing>({
  words: text,
  errors: text,
  running: flag,
  asks: list(shape<Ask>({ words: text, cells: integer, terms, retry: flag })),
});

export const gridReply = shape<{
  name: string;
  axes: SheetAxis[];
  cells: SheetCell[];
  standing: Standing;
}>({
  name: text,
  axes: list(shape<SheetAxis>({ name: text, labels: list(text) })),
  cells: list(sheetCell),
  standing,
});

export const standingReply = shape<{ standing: Standing }>({ standing });

/** A vote between two cells, by their names; no pair is left once the order is clear. */
export interface Ballot {
  pair: string[];
  ranking: string[];
  clear: boolean;
}

export const voteReply = shape<Ballot>({ pair: list(text), ranking: list(text), clear: flag });

/** Kernel to page, besides `reply` and `error`. */
export type Notice =
  | { kind: "job"; seq: number; job: Card }
  | { kind: "forgotten"; seq: number; job_id: string }
  | { kind: "library" }
  | { kind: "cells"; cells: SheetCell[]; standing: Standing }
  | { kind: "unsaved"; traits: Record<string, unknown> }
  | { kind: "uploaded"; upload_id: string; reference: Reference }
  | { kind: "restored"; upload_id: string; note: string | null }
  | { kind: "upload_failed"; upload_id: string; message: string };

export type Incoming =
  | Notice
  | { kind: "reply"; id: string; result: Record<string, unknown> }
  | { kind: "error"; id: string; message: string; field: string | null; terms: Terms | null };

const kinds: { [K in Incoming["kind"]]: Parse<Omit<Extract<Incoming, { kind: K }>, "kind">> } = {
  reply: shape({ id: text, result: record((value) => value) }),
  error: shape({
    id: text,
    message: text,
    field: nullable(text),
    terms: nullable(terms),
  }),
  job: shape({ seq: integer, job: card }),
  library: shape({}),
  cells: shape({ cells: list(sheetCell), standing }),
  forgotten: shape({ seq: integer, job_id: text }),
  unsaved: shape({ traits: record((value) => value) }),
  uploaded: shape({ upload_id: text, reference }),
  restored: shape({ upload_id: text, note: nullable(text) }),
  upload_failed: shape({ upload_id: text, message: text }),
};

/** A message of the kernel; null for a kind that is none of ours. */
export const incoming: Parse<Incoming | null> = (value) => {
  const { kind } = shape<{ kind: Incoming["kind"] }>({ kind: text as Parse<Incoming["kind"]> })(
    value,
  );
  return Object.hasOwn(kinds, kind) ? ({ kind, ...kinds[kind](value) } as Incoming) : null;
};

export const receivedReply = shape<{ received: number }>({ received: integer });
export const submitReply = shape<{ job_id: string }>({ job_id: text });
export const codeReply = shape<{ code: string }>({ code: text });
/** Newest first; before the place `next` older ones begin, null where there are none. */
const cardPage = { jobs: readable(card), next: nullable(integer) };
export const olderReply = shape<{ jobs: Card[]; next: number | null }>(cardPage);
export const syncReply = shape<{
  seq: number;
  /** Whether these are the newest cards, or the changes since the number that was asked with. */
  whole: boolean;
  jobs: Card[];
  gone: string[];
  next: number | null;
  waiting: number;
}>({ ...cardPage, seq: integer, whole: flag, gone: list(text), waiting: integer });
export const previewReply = shape<{ media_type: string }>({ media_type: text });
export const originalReply = shape<{ name: string; media_type: string }>({
  name: text,
  media_type: text,
});
export interface Row {
  name: string;
  text: string;
}

/** An input of the request that a picture came from. */
export interface InputImage {
  id: string;
  name: string;
  width: number;
  height: number;
}

/** A picture that one can walk to along a lineage; one that is gone has no id. */
export interface Kin {
  id: string;
  words: string;
  /** "made from", "this", "made of it" or "gone". */
  kin: string;
}

export const addedReply = shape<{ reference: Reference }>({ reference });

const rows = list(shape<Row>({ name: text, text }));

export interface Receipt {
  rows: Row[];
  inputs: InputImage[];
  /** The oldest ancestor first; empty where there are no relatives. */
  line: Kin[];
}

export const receiptReply = shape<Receipt>({
  rows,
  inputs: list(shape<InputImage>({ ...imageFields, name: text })),
  line: list(shape<Kin>({ id: text, words: text, kin: text })),
});

/** Sums and limits, and the last requests with what each cost. */
export interface Ledger {
  rows: Row[];
  last: Row[];
}

export const ledgerReply = shape<Ledger>({
  rows,
  last: rows,
});

/** How far two pictures are apart, in words. */
export const differenceReply = shape<{ rows: Row[] }>({ rows });

/** A day's date, its pictures, and what they cost in US dollars. */
export type Day = readonly [date: string, pictures: number, cost: string];

const day: Parse<Day> = (value) => {
  const [date, count, cost] = list((each) => each)(value);
  return [text(date), integer(count), decimal(cost)];
};

export const browseReply = shape<{
  total: number;
  place: number | null;
  days: Day[] | null;
  collections: string[] | null;
  pictures: Picture[];
}>({
  total: integer,
  place: nullable(integer),
  days: nullable(list(day)),
  collections: nullable(list(text)),
  pictures: readable(picture),
});
export const pickReply = shape<{ image_ids: string[] }>({ image_ids: list(text) });
export const picturesReply = shape<{ pictures: Picture[] }>({ pictures: readable(picture) });
export const trashReply = shape<{ results: number; pictures: number }>({
  results: integer,
  pictures: integer,
});
export const collectReply = shape<{ collections: string[] }>({ collections: list(text) });
