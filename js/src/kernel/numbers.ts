/** The number itself, or the bound that it is beyond; the lower one where they cross. */
export const between = (low: number, value: number, high: number): number =>
  Math.max(low, Math.min(value, high));
