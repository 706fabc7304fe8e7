/** Runtime guards: everything from the kernel is read through one of these. */
export type Parse<T> = (value: unknown) => T;

/** Thrown by a guard and caught by `read`. */
class Mismatch extends Error {}

/** A value for which `is` holds. */
const guard =
  <T>(is: (value: unknown) => boolean): Parse<T> =>
  (value) => {
    if (!is(value)) throw new Mismatch();
    return value as T;
  };

export const text = guard<string>((value) => typeof value === "string");
export const flag = guard<boolean>((value) => typeof value === "boolean");
export const number = guard<number>(Number.isFinite);
export const integer = guard<number>(Number.isInteger);

/** Money and other exact decimals travel as text. */
export const decimal: Parse<string> = guard((value) => /^\d{1,12}(\.\d{1,12})?$/.test(text(value)));

export const pair = guard<readonly [number, number]>((value) => list(integer)(value).length === 2);

const object = guard<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);

export const nullable =
  <T>(inner: Parse<T>): Parse<T | null> =>
  (value) =>
    value === null || value === undefined ? null : inner(value);

/** Also null for a malformed value. */
export const orNull =
  <T>(inner: Parse<T>): Parse<T | null> =>
  (value) =>
    read(inner, value);

export const either =
  <A, B>(first: Parse<A>, second: Parse<B>): Parse<A | B> =>
  (value) =>
    read(first, value) ?? second(value);

export const list =
  <T>(item: Parse<T>): Parse<T[]> =>
  (value) =>
    guard<unknown[]>(Array.isArray)(value).map(item);

/** A list without malformed items. */
export const readable =
  <T>(item: Parse<T>): Parse<T[]> =>
  (value) =>
    list(orNull(item))(value).filter((each) => each !== null);

export const record =
  <T>(item: Parse<T>): Parse<Record<string, T>> =>
  (value) =>
    Object.fromEntries(Object.entries(object(value)).map(([key, inner]) => [key, item(inner)]));

export const shape =
  <T>(fields: { [K in keyof T]: Parse<T[K]> }): Parse<T> =>
  (value) => {
    const given = object(value);
    const result = {} as T;
    for (const key in fields) result[key] = fields[key](given[key]);
    return result;
  };

/** Read `value`, or return null if it is malformed. */
export function read<T>(parse: Parse<T>, value: unknown): T | null {
  try {
    return parse(value);
  } catch (error) {
    if (error instanceof Mismatch) return null;
    throw error;
  }
}
