import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createChannel } from "../src/channel";
import { type Facts, facts } from "../src/facts";
import { read } from "../src/parse";
import { createStore } from "../src/store";
import { createUploads, isImageFile, type Uploads } from "../src/uploads";
import { FakeModel, message, settle } from "./fake";

let model: FakeModel;
let uploads: Uploads;
let references: number;
let ended: AbortController;

const image = (name: string, size = 4) =>
  new File([new Uint8Array(size)], name, { type: "image/png" });
const phases = () => uploads.tiles.get().map(({ name, phase }) => `${name} ${phase}`);
const reference = { id: "r1", name: "a", width: 1, height: 1, note: null };
const finish = () => {
  references += 1;
  model.say({ kind: "uploaded", upload_id: model.last("upload").upload_id, reference });
};

beforeEach(() => {
  vi.useFakeTimers();
  references = 0;
  ended = new AbortController();
  model = new FakeModel();
  model.onSend = ({ kind }) => (kind === "upload" ? { received: 0 } : { received: 4 });
  const channel = createChannel(model.any, ended.signal);
  const all = createStore(read(facts, message("facts")) as Facts);
  uploads = createUploads(channel, all, () => references, ended.signal);
});
afterEach(() => {
  ended.abort();
  vi.useRealTimers();
});

it("sends one file after the other, so that their order is kept", async () => {
  uploads.add([image("a.png")]);
  uploads.add([image("b.png")]);
  await settle(100);
  expect(model.of("upload")).toHaveLength(1);
  expect(phases()).toEqual(["a.png reading", "b.png waiting"]);
  finish();
  await settle(100);
  expect(phases()).toEqual(["b.png reading"]);
  finish();
  await settle(100);
  expect(phases()).toEqual([]);
  expect(model.of("upload").map((one) => one.name)).toEqual(["a.png", "b.png"]);
});

it("shows the kernel's fault at the tile and goes on", async () => {
  uploads.add([image("a.png"), image("b.png")]);
  await settle(100);
  const { upload_id } = model.last("upload");
  model.say({ kind: "upload_failed", upload_id, message: "a.png is truncated" });
  await settle(100);
  expect(phases()).toEqual(["a.png failed", "b.png reading"]);
  expect(uploads.tiles.get()[0]?.fault).toBe("a.png is truncated");
});

it("refuses what is too large before a byte is sent", async () => {
  const huge = image("huge.png");
  Object.defineProperty(huge, "size", { value: 70_000_000 });
  uploads.add([huge]);
  await settle();
  expect(uploads.tiles.get()[0]?.fault).toBe("huge.png has 70 MB; at most 64 MB go up.");
  expect(model.sent).toEqual([]);
});

it("takes up to ten in all", async () => {
  references = 8;
  const told = uploads.add([1, 2, 3].map((number) => image(`${number}.png`)));
  expect(told).toBe("edit takes up to 10 images; the last 1 stayed out.");
  expect(uploads.tiles.get()).toHaveLength(2);
  expect(uploads.add([image("d.png")])).toBe("edit takes up to 10 images; remove one first.");
});

it("refuses what is no image in one sentence", () => {
  const notes = new File(["x"], "notes.txt", { type: "text/plain" });
  expect(uploads.add([notes])).toBe("notes.txt is no image; drop PNG, JPEG or WebP files.");
  expect(uploads.add([notes, notes, notes])).toContain("notes.txt and 2 more are no images");
  expect(uploads.tiles.get()).toEqual([]);
});

it("knows images without a media type by their name", () => {
  expect(isImageFile(new File(["x"], "a.HEIC"))).toBe(true);
  expect(isImageFile(new File(["x"], "a.exe"))).toBe(false);
});

it("abandons a file that is removed under way, and forgets one that waits", async () => {
  uploads.add([image("a.png"), image("b.png"), image("c.png")]);
  await settle(100);
  const [first, second] = uploads.tiles.get();
  uploads.remove(second?.id ?? "");
  expect(model.of("abandon")).toEqual([]);
  uploads.remove(first?.id ?? "");
  expect(model.last("abandon").upload_id).toBe(first?.id);
  await settle(100);
  expect(phases()).toEqual(["c.png reading"]);
});

it("asks when `uploaded` was lost, and believes the references", async () => {
  uploads.add([image("a.png")]);
  await settle(100);
  references += 1;
  await vi.advanceTimersByTimeAsync(10_100);
  expect(model.of("probe")).toHaveLength(1);
  expect(phases()).toEqual([]);
});

it("gives a file up of which no word comes", async () => {
  uploads.add([image("a.png")]);
  await settle(100);
  await vi.advanceTimersByTimeAsync(70_000);
  expect(uploads.tiles.get()[0]?.fault).toContain("No word from the kernel on a.png");
});
