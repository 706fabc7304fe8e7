import { expect, it } from "vitest";
import { createSlots, type TakeSlot } from "../../src/files/slots";
import { settle } from "../fake";

/** Ask in turn under these names; `inside` tells who is in, `out` has one leave. */
function visitors(take: TakeSlot, names: string[]) {
  const inside = new Map<string, () => void>();
  const stops = new Map(names.map((name) => [name, new AbortController()]));
  for (const [name, { signal }] of stops) {
    take(signal).then(
      (leave) => inside.set(name, leave),
      () => {},
    );
  }
  return {
    inside: async () => {
      await settle();
      return [...inside.keys()];
    },
    stop: (name: string) => stops.get(name)?.abort(),
    out(name: string) {
      inside.get(name)?.();
      inside.delete(name);
    },
    leave: (name: string) => inside.get(name),
  };
}

it("lets in so many, and the next one when one leaves", async () => {
  const all = visitors(createSlots(2), ["a", "b", "c", "d"]);
  expect(await all.inside()).toEqual(["a", "b"]);
  all.out("b");
  expect(await all.inside()).toEqual(["a", "c"]);
});

it("counts one who leaves twice once", async () => {
  const all = visitors(createSlots(1), ["a", "b", "c"]);
  await settle();
  const leave = all.leave("a");
  leave?.();
  leave?.();
  expect(await all.inside()).toEqual(["a", "b"]);
});

it("passes over those who gave up while they waited", async () => {
  const all = visitors(createSlots(1), ["a", "b", "c"]);
  all.stop("b");
  await settle();
  all.out("a");
  expect(await all.inside()).toEqual(["c"]);
});

it("keeps no place for one who gives up at the moment of getting it", async () => {
  const all = visitors(createSlots(1), ["a", "b", "c"]);
  await settle();
  all.out("a");
  all.stop("b");
  expect(await all.inside()).toEqual(["c"]);
});
