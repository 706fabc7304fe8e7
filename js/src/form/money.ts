/** Dollars, exactly: decimals are counted in whole millionths, never as floats. */
const DIGITS = 6;

export function micros(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(whole + fraction.slice(0, DIGITS).padEnd(DIGITS, "0"));
}

export function formatMoney(amount: bigint): string {
  const digits = amount.toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0{1,4}$/, "");
  return `$${digits.slice(0, -DIGITS)}.${fraction}`;
}

const images = (low: number, high: number) =>
  low === high ? `${low} image${low === 1 ? "" : "s"}` : `${low}–${high} images`;

export interface Order {
  num_images: number;
  max_images: number;
  price: string;
  bills: boolean;
}

/** What the click would make and cost, such as "2 images · about $0.06". */
export function estimate({ num_images, max_images, price, bills }: Order): string {
  if (!Number.isInteger(num_images) || !Number.isInteger(max_images)) return "";
  const most = num_images * max_images;
  const count = images(num_images, most);
  if (!bills) return `${count} · free, offline`;
  const low = formatMoney(micros(price) * BigInt(num_images));
  const high = formatMoney(micros(price) * BigInt(most));
  return low === high ? `${count} · about ${low}` : `${count} · ${low} to ${high}`;
}
