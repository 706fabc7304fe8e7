/** What a request costs on each model: by images, pixels asked and references. */
import type { FormTraits, ImageSize } from "../kernel/wire";
import type { Endpoint, Facts, PriceRule } from "./facts";
import { adaptForm } from "./fields";
import { formatMoney, parseMicros } from "./money";
import { isNamed, nearest, pixelsOf } from "./sizes";

type Span = readonly [low: bigint, high: bigint];

/** The least and the most one image costs; they differ where Seedream chooses the pixels. */
export function priceOfImage(
  facts: Facts,
  price: PriceRule,
  size: ImageSize,
  references: number,
): Span {
  const more = parseMicros(price.each_reference) * BigInt(Math.max(0, references - 1));
  const tiers = price.tiers.map((tier) => parseMicros(tier.usd) + more);
  const [first, last] = [tiers[0], tiers.at(-1)];
  if (first === undefined || last === undefined) {
    const flat = parseMicros(price.usd) + more;
    return [flat, flat];
  }
  const pixels = pixelsOf(facts, size);
  if (!pixels) return [first, last];
  const area = pixels[0] * pixels[1];
  const at = price.tiers.findIndex((tier) => area <= tier.up_to);
  const usd = tiers[at] ?? last;
  return [usd, usd];
}

const formatCount = (low: number, high: number) =>
  low === high ? `${low} image${low === 1 ? "" : "s"}` : `${low}–${high} images`;

/** "about $0.06" or "$0.06 to $0.18". */
export const formatSpan = ([low, high]: Span): string =>
  low === high ? `about ${formatMoney(low)}` : `${formatMoney(low)} to ${formatMoney(high)}`;

/** What the form would cost at an endpoint, or null while a number is half typed. */
export function priceOf(
  facts: Facts,
  endpoint: Endpoint,
  form: FormTraits,
  references: number,
): Span | null {
  const { num_images, max_images, image_size: size } = adaptForm(endpoint, form);
  if (!Number.isInteger(num_images) || !Number.isInteger(max_images)) return null;
  const known = isNamed(size) || size.every((side) => side > 0);
  const asked = known && !isNamed(size) ? nearest(endpoint.rule, size) : size;
  const [low, high] = priceOfImage(facts, endpoint.price, known ? asked : "auto", references);
  return [low * BigInt(num_images), high * BigInt(num_images * max_images)];
}

/** What the click would make and cost, such as "2 images · about $0.06". */
export function estimate(
  facts: Facts,
  endpoint: Endpoint,
  form: FormTraits,
  references: number,
  bills: boolean,
): string {
  const price = priceOf(facts, endpoint, form, references);
  if (!price) return "";
  const { num_images, max_images } = adaptForm(endpoint, form);
  const count = formatCount(num_images, num_images * max_images);
  return `${count} · ${bills ? formatSpan(price) : "free, offline"}`;
}
