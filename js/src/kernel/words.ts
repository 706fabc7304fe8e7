/** Words put together. */

/** The parts that there are, with `by` between them. */
export const joined = (by: string, ...parts: unknown[]): string => parts.filter(Boolean).join(by);
