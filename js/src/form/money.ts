/** Dollars, exactly: decimals are counted in whole millionths, never as floats. */
const DIGITS = 6;

/** A decimal amount in millionths of a dollar. */
export function parseMicros(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(whole + fraction.slice(0, DIGITS).padEnd(DIGITS, "0"));
}

/** Dollars as text, with two decimals or more. */
export function formatExact(amount: bigint): string {
  const digits = amount.toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0{1,4}$/, "");
  return `${digits.slice(0, -DIGITS)}.${fraction}`;
}

export const formatMoney = (amount: bigint): string => `$${formatExact(amount)}`;
