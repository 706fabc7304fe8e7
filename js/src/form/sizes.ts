/** Image sizes: the same rules as the kernel's; `tests/messages/size_cases.json` holds both. */

import type { ImageSize, Size } from "../kernel/wire";
import type { Endpoint, Facts, SizeRule } from "./facts";

export const isNamed = (size: ImageSize): size is string => typeof size === "string";

export function allows(rule: SizeRule, [width, height]: Size): boolean {
  const short = Math.min(width, height);
  const long = Math.max(width, height);
  if (short < 1 || long > rule.max_ratio * short) return false;
  if (rule.sides && rule.sides[0] <= short && long <= rule.sides[1]) return true;
  const pixels = width * height;
  return (rule.scales_up || rule.min_pixels <= pixels) && pixels <= rule.max_pixels;
}

const within = ([width, height]: Size, ratio: number): Size => [
  Math.max(width, Math.ceil(height / ratio)),
  Math.max(height, Math.ceil(width / ratio)),
];

/** The allowed size closest to the given one, its ratio kept where the rule lets it. */
export function nearest(rule: SizeRule, size: Size): Size {
  const [width, height] = within([Math.max(1, size[0]), Math.max(1, size[1])], rule.max_ratio);
  const pixels = width * height;
  if (pixels > rule.max_pixels) {
    const scale = Math.sqrt(rule.max_pixels / pixels);
    return within([Math.floor(width * scale), Math.floor(height * scale)], rule.max_ratio);
  }
  return pixels < rule.min_pixels && !rule.scales_up
    ? scaledUp(rule, [width, height])
    : [width, height];
}

function scaledUp(rule: SizeRule, [width, height]: Size): Size {
  const scale = Math.sqrt(rule.min_pixels / (width * height));
  return [Math.ceil(width * scale), Math.ceil(height * scale)];
}

/** What fal would make of a size below its minimum, or null when it takes it as it is. */
export const enlarged = (rule: SizeRule, size: Size): Size | null =>
  rule.scales_up && size[0] * size[1] < rule.min_pixels ? scaledUp(rule, size) : null;

export const sameSize = (a: ImageSize, b: ImageSize): boolean =>
  isNamed(a) || isNamed(b) ? a === b : a[0] === b[0] && a[1] === b[1];

export const ratios = (facts: Facts): string[] => [...new Set(facts.sizes.map((row) => row.ratio))];

export interface Choice {
  /** "auto", a ratio, "custom", or null for a name that has no shape here. */
  shape: string | null;
  tier: string | null;
}

export function choiceOf(facts: Facts, size: ImageSize): Choice {
  if (isNamed(size)) {
    const auto = /^auto(?:_([\w.]+))?$/.exec(size);
    return auto ? { shape: "auto", tier: auto[1] ?? "Auto" } : { shape: null, tier: null };
  }
  const row = facts.sizes.find((entry) => sameSize(entry.size, size));
  return row ? { shape: row.ratio, tier: row.tier } : { shape: "custom", tier: null };
}

export interface Tier {
  name: string;
  size: ImageSize;
  allowed: boolean;
}

/** The tiers of a shape, in order; the refused ones stay visible and say so. The table may hold
 *  a tier twice: then it is the first one the endpoint takes. */
export function tiersOf(facts: Facts, endpoint: Endpoint, shape: string): Tier[] {
  if (shape === "auto") {
    const names = endpoint.size_names.filter((name) => name.startsWith("auto"));
    return names.map((size) => ({
      name: choiceOf(facts, size).tier ?? size,
      size,
      allowed: true,
    }));
  }
  const rows = facts.sizes
    .filter((row) => row.ratio === shape)
    .map(({ tier, size }) => ({ name: tier, size, allowed: allows(endpoint.rule, size) }));
  return [...new Set(rows.map((row) => row.name))].flatMap((name) => {
    const same = rows.filter((row) => row.name === name);
    return same.find((row) => row.allowed) ?? same.slice(0, 1);
  });
}

/** The size a shape starts with: the tier of before where it is allowed, else 2K, else any. */
export function sizeOfShape(
  facts: Facts,
  endpoint: Endpoint,
  shape: string,
  tier: string | null,
): ImageSize | null {
  const open = tiersOf(facts, endpoint, shape).filter((row) => row.allowed);
  const of = (name: string | null) => open.find((row) => row.name === name);
  const first = shape === "auto" ? open[0] : of("2K");
  return (of(tier) ?? first ?? open[0])?.size ?? null;
}

/** Pixels of a size, where they are known. */
export const pixelsOf = (facts: Facts, size: ImageSize): Size | null =>
  isNamed(size) ? (facts.presets[size] ?? null) : size;

export const formatSize = ([width, height]: Size): string => `${width} × ${height}`;

export const formatMegapixels = ([width, height]: Size): string =>
  `${((width * height) / 1e6).toFixed(1)} MP`;

export interface SizeProblem {
  message: string;
  nearest: ImageSize | null;
}

export function sizeProblem(
  endpoint: Endpoint,
  label: string,
  size: ImageSize,
): SizeProblem | null {
  if (isNamed(size)) {
    if (endpoint.size_names.includes(size)) return null;
    const auto = endpoint.size_names.find((name) => name.startsWith("auto"));
    return {
      message: `${label} knows no size “${size}”.`,
      nearest: size.startsWith("auto") ? (auto ?? null) : null,
    };
  }
  if (!size.every((side) => Number.isInteger(side) && side >= 1)) {
    return { message: "Width and height are whole numbers of pixels, 1 or more.", nearest: null };
  }
  if (allows(endpoint.rule, size)) return null;
  return {
    message: `${formatSize(size)} is outside what ${label} takes: ${endpoint.rule.text}.`,
    nearest: nearest(endpoint.rule, size),
  };
}
