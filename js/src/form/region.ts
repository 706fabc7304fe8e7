/** An edit of a region of image 1, which the request has in addition to the form. */
import { useStore } from "../kernel/store";
import type { FormTraits } from "../kernel/wire";
import { endpointOf, type Facts } from "./facts";
import type { MarkedRegion } from "./form";
import { useSession } from "./session";
import { nearest } from "./sizes";

/** The region, if the picture that it belongs to is still image 1. */
export const regionOf = (region: MarkedRegion | null, ids: string[]): MarkedRegion | null =>
  region && region.reference === ids[0] ? region : null;

/**
 * The form and the number of images that fal gets. With a region that is a copy more, in which it
 * is marked, and the answer has the shape of image 1, as it is put into it.
 */
export function sentFor(
  facts: Facts,
  form: FormTraits,
  ids: string[],
  region: MarkedRegion | null,
): { form: FormTraits; images: number } {
  const marked = regionOf(region, ids);
  const rule = endpointOf(facts, form.model, ids.length)?.rule;
  if (!marked || !rule) return { form, images: ids.length };
  return {
    form: { ...form, image_size: nearest(rule, marked.size) },
    images: ids.length + 1,
  };
}

/** The same as it stands, with the endpoint that takes it. */
export function useSent() {
  const session = useSession();
  const facts = useStore(session.facts);
  const form = useStore(session.form.values);
  const ids = useStore(session.references.shown).map(({ id }) => id);
  const sent = sentFor(facts, form, ids, useStore(session.region));
  return { facts, ...sent, endpoint: endpointOf(facts, form.model, sent.images) };
}
