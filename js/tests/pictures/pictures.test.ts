/** Pages of what a search found: only what is looked at is asked for, a little at a time. */
import { beforeEach, expect, it } from "vitest";
import { createChannel } from "../../src/kernel/channel";
import { createPictures, type Pictures } from "../../src/pictures/pictures";
import { FakeModel, message, type Sent, settle } from "../fake";

const TOTAL = 10_000;
let model: FakeModel;
let pictures: Pictures;

beforeEach(() => {
  model = new FakeModel();
  pictures = createPictures(createChannel(model.any, new AbortController().signal));
});

/** A page as the kernel tells it; `place` is where the picture that was asked for stands. */
function page({ offset, count, find }: Sent) {
  const { result } = message<{ result: { pictures: object[] } }>("reply_browse");
  const told = Array.from({ length: count as number }, (_, at) => {
    const index = (offset as number) + at;
    return { ...result.pictures[0], id: `r${index}:0`, result: `r${index}` };
  });
  const place = find ? Number(String(find).slice(1, -2)) : null;
  return { ...result, total: TOTAL, place, pictures: told };
}

const asked = () => model.of("browse").map(({ offset }) => offset);

async function found() {
  model.onSend = (sent) => page(sent);
  const { found } = await pictures.search({ words: "", filters: {} });
  model.onSend = () => undefined;
  return found;
}

it("asks for two pages at once, and never for those that were only passed", async () => {
  const list = await found();
  for (let top = 100; top < 9000; top += 50) list.need(top, top + 60);
  expect(asked()).toEqual([0, 100, 200]);
  for (const passed of model.of("browse").slice(1)) model.reply(passed, page(passed));
  await settle();
  expect(asked()).toEqual([0, 100, 200, 8900, 9000]);
  for (const seen of model.of("browse").slice(3)) model.reply(seen, page(seen));
  await settle();
  expect(asked()).toHaveLength(5);
  expect(list.known(8950)).toBe("r8950:0");
});

it("asks for no page that failed again by itself", async () => {
  const list = await found();
  list.need(100, 150);
  model.refuse(model.last("browse"), "no");
  await settle();
  expect(asked()).toEqual([0, 100]);
  list.need(100, 150);
  expect(asked()).toEqual([0, 100, 100]);
});

it("has what is looked at before another list takes its place", async () => {
  model.onSend = (sent) => page(sent);
  const { found: list, place } = await pictures.search({ words: "", filters: {} }, "r4321:0");
  expect(place).toBe(4321);
  expect(list.known(4321)).toBe("r4321:0");
  expect(list.known(4450)).toBe("r4450:0");
});

it("tells once of each page that comes", async () => {
  const list = await found();
  const before = pictures.version.get();
  list.need(100, 120);
  const sent = model.last("browse");
  model.reply(sent, page(sent));
  await settle();
  expect(pictures.version.get()).toBe(before + 1);
});
