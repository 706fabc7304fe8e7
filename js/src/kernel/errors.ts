/** Sentences about what went wrong, each at its place: a form field, "results" or "form". */
import { createStore, type Store } from "./store";

/** The form's own fields. */
export const FIELDS = [
  "prompt",
  "references",
  "image_size",
  "num_images",
  "max_images",
  "seed",
] as const;

export type ErrorPlace = (typeof FIELDS)[number] | "results" | "form";

export type ErrorMap = Partial<Record<ErrorPlace, string>>;

/** Where the page tells what is wrong with an argument, such as "image_urls[2]". */
export function errorPlaceOf(argument: string | null): ErrorPlace {
  const name = argument?.replace(/\[.*/, "").replace(/^image(s|_urls)$/, "references");
  return FIELDS.find((field) => field === name) ?? "form";
}

export interface Errors {
  readonly all: Store<ErrorMap>;
  tell(place: ErrorPlace, message: string): void;
  clear(...places: ErrorPlace[]): void;
}

export function createErrors(): Errors {
  const all = createStore<ErrorMap>({});
  return {
    all,
    tell: (place, message) => all.set({ ...all.get(), [place]: message }),
    clear(...places) {
      const left = { ...all.get() };
      for (const place of places) delete left[place];
      if (places.some((place) => place in all.get())) all.set(left);
    },
  };
}
