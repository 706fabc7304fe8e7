/** Dollars, exactly: decimals are counted in whole millionths, never as floats. */
import { decimal, nullable, oneOf, shape } from "../kernel/parse";

const DIGITS = 6;

export function micros(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(whole + fraction.slice(0, DIGITS).padEnd(DIGITS, "0"));
}

/** Dollars as text, with two decimals or more. */
export function exact(amount: bigint): string {
  const digits = amount.toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0{1,4}$/, "");
  return `${digits.slice(0, -DIGITS)}.${fraction}`;
}

export const formatMoney = (amount: bigint): string => `$${exact(amount)}`;

const WHEN = { session: "", day: " today", month: " this month" };

/** Where the money stands of the limit that binds first, in US dollars; null is no limit. */
export interface Money {
  spent: string;
  in_flight: string;
  may_be_billed: string;
  limit: string | null;
  per: keyof typeof WHEN;
}

export const money = shape<Money>({
  spent: decimal,
  in_flight: decimal,
  may_be_billed: decimal,
  limit: nullable(decimal),
  per: oneOf("session", "day", "month"),
});

export const noMoney: Money = {
  spent: "0",
  in_flight: "0",
  may_be_billed: "0",
  limit: null,
  per: "session",
};

/** The same parts as a refusal counts: "Spent $0.09, in flight $0.03 of $0.20 today". */
export function standing({ spent, in_flight, may_be_billed, limit, per }: Money): string {
  const parts: [string, string][] = [
    [limit === null ? "Spent this session" : "Spent", spent],
    ["in flight", in_flight],
    ["may be billed", may_be_billed],
  ];
  const said = parts
    .filter(([, amount], at) => at === 0 || micros(amount) > 0n)
    .map(([what, amount]) => `${what} ${formatMoney(micros(amount))}`)
    .join(", ");
  return limit === null ? said : `${said} of ${formatMoney(micros(limit))}${WHEN[per]}`;
}

/** Whether there is anything to tell. */
export const isMoney = ({ spent, in_flight, may_be_billed, limit }: Money): boolean =>
  limit !== null || [spent, in_flight, may_be_billed].some((amount) => micros(amount) > 0n);
