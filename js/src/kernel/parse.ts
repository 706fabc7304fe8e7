/** Runtime guards: everything from the kernel is read through one of these. */
export type Parse<T> = (value: unknown) => T;

export class Mismatch extends Error {}

const fail = (wanted: string): never => {
  throw new Mismatch(`expected ${wanted}`);
};

export const text: Parse<string> = (value) =>
  typeof value === "string" ? value : fail("a string");

export const flag: Parse<boolean> = (value) =>
  typeof value === "boolean" ? value : fail("a boolean");

export const number: Parse<number> = (value) =>
  typeof value === "number" && Number.isFinite(value) ? value : fail("a number");

export const integer: Parse<number> = (value) =>
  Number.isInteger(value) ? (value as number) : fail("an integer");

/** Money and other exact decimals travel as text. */
export const decimal: Parse<string> = (value) =>
  typeof value === "string" && /^\d{1,12}(\.\d{1,12})?$/.test(value) ? value : fail("a decimal");

export const nullable =
  <T>(inner: Parse<T>): Parse<T | null> =>
  (value) =>
    value === null || value === undefined ? null : inner(value);

/** Null too for what is not what was promised. */
export const orNull =
  <T>(inner: Parse<T>): Parse<T | null> =>
  (value) =>
    read(inner, value);

export const oneOf =
  <T extends string>(...allowed: T[]): Parse<T> =>
  (value) =>
    allowed.includes(value as T) ? (value as T) : fail(allowed.join(" or "));

export const either =
  <A, B>(first: Parse<A>, second: Parse<B>): Parse<A | B> =>
  (value) =>
    read(first, value) ?? second(value);

export const list =
  <T>(item: Parse<T>): Parse<T[]> =>
  (value) =>
    Array.isArray(value) ? value.map(item) : fail("a list");

/** A list without those items that do not read: one that is damaged takes no other with it. */
export const readable =
  <T>(item: Parse<T>): Parse<T[]> =>
  (value) =>
    list((each) => read(item, each))(value).filter((each) => each !== null);

export const pair: Parse<readonly [number, number]> = (value) =>
  Array.isArray(value) && value.length === 2
    ? [integer(value[0]), integer(value[1])]
    : fail("two integers");

const entries = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail("an object");

export const record =
  <T>(item: Parse<T>): Parse<Record<string, T>> =>
  (value) =>
    Object.fromEntries(Object.entries(entries(value)).map(([key, inner]) => [key, item(inner)]));

export const shape =
  <T>(fields: { [K in keyof T]: Parse<T[K]> }): Parse<T> =>
  (value) => {
    const given = entries(value);
    const result = {} as T;
    for (const key in fields) result[key] = fields[key](given[key]);
    return result;
  };

/** Read `value`, or return null when it is not what was promised. */
export function read<T>(parse: Parse<T>, value: unknown): T | null {
  try {
    return parse(value);
  } catch (error) {
    if (error instanceof Mismatch) return null;
    throw error;
  }
}
