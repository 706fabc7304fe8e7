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

export type FaultMap = Partial<Record<Place, string>>;

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

export interface Faults {
  readonly all: Store<FaultMap>;
  tell(place: Place, message: string): void;
  clear(...places: Place[]): void;
}

export function createFaults(): Faults {
  const all = createStore<FaultMap>({});
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
