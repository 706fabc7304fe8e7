/** Words put together. */

/** The parts that there are, with `by` between them. */
export const joinPresent = (by: string, ...parts: unknown[]): string =>
  parts.filter(Boolean).join(by);
