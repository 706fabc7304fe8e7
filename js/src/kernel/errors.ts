/** Sentences about what went wrong, each at its place: a form field, "results" or "form". */
import { createStore, type Store } from "./store";

export type Place =
  | "prompt"
  | "references"
  | "image_size"
  | "num_images"
  | "max_images"
  | "seed"
  | "results"
  | "form";

export type ErrorMap = Partial<Record<Place, string>>;

const PLACES: Record<string, Place> = {
  prompt: "prompt",
  references: "references",
  images: "references",
  image_urls: "references",
  image_size: "image_size",
  num_images: "num_images",
  max_images: "max_images",
  seed: "seed",
};

export const placeOf = (field: string | null): Place =>
  PLACES[field?.replace(/\[.*/, "") ?? ""] ?? "form";

export interface Errors {
  readonly all: Store<ErrorMap>;
  tell(place: Place, message: string): void;
  clear(...places: Place[]): void;
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
