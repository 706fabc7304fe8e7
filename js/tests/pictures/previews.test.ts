import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createChannel } from "../../src/kernel/channel";
import { createPreviews, edgeFor, type Previews } from "../../src/pictures/previews";
import { FakeModel, settle } from "../fake";

let model: FakeModel;
let previews: Previews;
let ended: AbortController;
let live: Set<string>;

const result = { target: "x", media_type: "image/webp", width: 2, height: 2 };

beforeEach(() => {
  vi.useFakeTimers();
  live = new Set();
  let count = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    count += 1;
    const url = `blob:${count}:${(blob as Blob).size}:${(blob as Blob).type}`;
    live.add(url);
    return url;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void live.delete(url));
  ended = new AbortController();
  model = new FakeModel();
  previews = createPreviews(createChannel(model.any, ended.signal), ended.signal);
});
afterEach(() => {
  ended.abort();
  vi.useRealTimers();
});

async function answer(bytes: unknown, type = "image/webp") {
  model.reply(model.last("preview"), { ...result, media_type: type }, [bytes]);
  await settle();
}

const window = (size: number) => new DataView(new ArrayBuffer(100), 10, size);

it("makes a Blob of exactly the bytes that came, whatever they came in", async () => {
  previews.hold("a");
  previews.ask("a", 256);
  await answer(window(7));
  expect(previews.url("a").get()).toBe("blob:1:7:image/webp");
  previews.hold("b");
  previews.ask("b", 256);
  await answer(new Uint8Array(new ArrayBuffer(50), 5, 9));
  expect(previews.url("b").get()).toContain(":9:");
});

it("asks for at most four at once, each once", async () => {
  for (const target of "abcdef") {
    previews.hold(target);
    previews.ask(target, 512);
    previews.ask(target, 512);
  }
  expect(model.of("preview")).toHaveLength(4);
  model.reply(model.of("preview")[0] as never, result, [window(3)]);
  await settle();
  expect(model.of("preview").map((one) => one.target)).toEqual([..."abcde"]);
});

it("asks again for a larger one and drops the smaller", async () => {
  previews.hold("a");
  previews.ask("a", 256);
  await answer(window(3));
  previews.ask("a", 768);
  await answer(window(9));
  expect([...live]).toEqual(["blob:2:9:image/webp"]);
});

it("lets go when nobody holds it, and when the view ends", async () => {
  const first = previews.hold("a");
  const second = previews.hold("a");
  previews.ask("a", 256);
  await answer(window(3));
  first();
  expect(live.size).toBe(1);
  second();
  expect(live.size).toBe(0);
  previews.hold("b");
  previews.ask("b", 256);
  await answer(window(3));
  ended.abort();
  expect(live.size).toBe(0);
});

it("draws only pictures", async () => {
  previews.hold("a");
  previews.ask("a", 256);
  await answer(window(3), "image/svg+xml");
  expect(previews.url("a").get()).toBeNull();
});

it("asks again when the answer was lost, and not for ever", async () => {
  previews.hold("a");
  previews.ask("a", 256);
  await vi.advanceTimersByTimeAsync(10_100);
  expect(model.of("preview")).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(model.of("preview")).toHaveLength(5);
});

it.each([
  [52, 2, 256],
  [180, 1, 256],
  [180, 2, 512],
  [420, 2, 768],
  [300, 1, 512],
])("%d CSS pixels at ratio %d take an edge of %d", (pixels, ratio, edge) => {
  expect(edgeFor(pixels, ratio)).toBe(edge);
});

it("shows a picture lent to it until the preview is there", async () => {
  live.add("blob:lent");
  previews.adopt("a", "blob:lent");
  previews.hold("a");
  previews.ask("a", 256);
  expect(previews.url("a").get()).toBe("blob:lent");
  await answer(window(7));
  expect([...live]).toEqual([previews.url("a").get()]);
});

it("has no use for a picture where there is a preview", async () => {
  previews.hold("a");
  previews.ask("a", 256);
  await answer(window(7));
  live.add("blob:lent");
  previews.adopt("a", "blob:lent");
  expect([...live]).toEqual([previews.url("a").get()]);
});
