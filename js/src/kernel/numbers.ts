/** What `make` gives for 0 to `count` - 1. */
export const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

/** The number itself, or the bound that it is beyond; the lower one where they cross. */
export const clamp = (low: number, value: number, high: number): number =>
  Math.max(low, Math.min(value, high));
