import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createUploads, isImageFile, type Uploads } from "../../src/files/uploads";
import { type Facts, facts } from "../../src/form/facts";
import { type Channel, createChannel } from "../../src/kernel/channel";
import { read } from "../../src/kernel/parse";
import { createStore } from "../../src/kernel/store";
import { FakeModel, message, settle } from "../fake";

const MB = 1024 * 1024;

let model: FakeModel;
let channel: Channel;
let uploads: Uploads;
let references: number;
let adopted: string[];
let ended: AbortController;

const image = (name: string, size = 4) =>
  new File([new Uint8Array(size)], name, { type: "image/png" });
const phases = () => uploads.tiles.get().map(({ name, phase }) => `${name} ${phase}`);
const reference = { id: "r1", name: "a", width: 1, height: 1, note: null };
const names = () => new Map(model.of("upload").map((one) => [one.upload_id, one.name as string]));
/** The names of the files of which messages of this kind were sent, each once and in order. */
const sent = (kind: string) => [
  ...new Set(model.of(kind).map(({ upload_id }) => names().get(upload_id))),
];
const finish = (name: string) => {
  const [upload_id] = [...names()].find(([, other]) => other === name) ?? [];
  references += 1;
  model.say({ kind: "uploaded", upload_id, reference });
};

beforeEach(() => {
  vi.useFakeTimers();
  references = 0;
  ended = new AbortController();
  model = new FakeModel();
  model.onSend = ({ kind }) => (kind === "upload" ? { received: 0 } : { received: 4 });
  channel = createChannel(model.any, ended.signal);
  const all = createStore(read(facts, message("facts")) as Facts);
  adopted = [];
  const adopt = (...given: string[]) => adopted.push(given.join(" "));
  uploads = createUploads(channel, all, () => references, { adopt }, ended.signal);
});
afterEach(() => {
  ended.abort();
  vi.useRealTimers();
});

it("sends a file while those before it are checked, three at most in the kernel", async () => {
  uploads.add(["a.png", "b.png", "c.png", "d.png", "e.png"].map((name) => image(name)));
  await settle(200);
  expect(phases()).toEqual([
    "a.png reading",
    "b.png reading",
    "c.png reading",
    "d.png waiting",
    "e.png waiting",
  ]);
  expect(sent("upload")).toEqual(["a.png", "b.png", "c.png"]);
  expect(sent("chunk")).toEqual(["a.png", "b.png", "c.png"]);
  finish("a.png");
  await settle(200);
  expect(phases()[2]).toBe("d.png reading");
  expect(sent("upload").at(-1)).toBe("d.png");
  for (const name of ["b.png", "c.png", "d.png", "e.png"]) {
    finish(name);
    await settle(200);
  }
  expect(phases()).toEqual([]);
  expect(sent("chunk")).toEqual(["a.png", "b.png", "c.png", "d.png", "e.png"]);
});

it("sends a file only when the one before is there", async () => {
  model.onSend = ({ kind }) => (kind === "upload" ? { received: 0 } : undefined);
  uploads.add([image("a.png")]);
  uploads.add([image("b.png")]);
  await settle(200);
  expect(sent("chunk")).toEqual(["a.png"]);
  model.reply(model.last("chunk"), { received: 4 });
  await settle(200);
  expect(sent("chunk")).toEqual(["a.png", "b.png"]);
});

it("keeps the order when a file in between is removed", async () => {
  model.onSend = ({ kind }) => (kind === "upload" ? { received: 0 } : undefined);
  uploads.add(["a.png", "b.png", "c.png"].map((name) => image(name)));
  await settle(200);
  uploads.remove(uploads.tiles.get()[1]?.id ?? "");
  await settle(200);
  expect(sent("chunk")).toEqual(["a.png"]);
  model.reply(model.last("chunk"), { received: 4 });
  await settle(200);
  expect(sent("chunk")).toEqual(["a.png", "c.png"]);
});

it("goes on with the next file when one is refused as it is announced", async () => {
  model.onSend = () => undefined;
  uploads.add([image("a.png"), image("b.png")]);
  await settle(200);
  model.refuse(model.last("upload"), "a.png is too large");
  await settle(200);
  expect(phases()).toEqual(["a.png failed", "b.png waiting"]);
  expect(sent("upload")).toEqual(["a.png", "b.png"]);
});

it("fails every file when the kernel dies in the middle", async () => {
  model.onSend = ({ kind }) => (kind === "upload" ? { received: 0 } : undefined);
  uploads.add(["a.png", "b.png", "c.png"].map((name) => image(name)));
  await settle(200);
  model.dead = true;
  model.emit("comm_live_update");
  channel.lose();
  await settle(300);
  expect(phases()).toEqual(["a.png failed", "b.png failed", "c.png failed"]);
});

it("shows progress at most ten times a second", async () => {
  let redrawn = 0;
  uploads.tiles.subscribe(() => {
    redrawn += 1;
  });
  model.onSend = ({ kind, offset }) => ({ received: kind === "chunk" ? Number(offset) + MB : 0 });
  uploads.add([image("a.png", 40 * MB)]);
  await settle(2000);
  expect(model.of("chunk")).toHaveLength(40);
  // Taken, sending, the first progress, reading.
  expect(redrawn).toBeLessThanOrEqual(4);
});

it("shows the kernel's error at the tile and goes on", async () => {
  uploads.add([image("a.png"), image("b.png")]);
  await settle(200);
  const [first] = model.of("upload");
  model.say({ kind: "upload_failed", upload_id: first?.upload_id, message: "a.png is truncated" });
  await settle(200);
  expect(phases()).toEqual(["a.png failed", "b.png reading"]);
  expect(uploads.tiles.get()[0]?.error).toBe("a.png is truncated");
});

it("refuses what is too large before a byte is sent", async () => {
  const huge = image("huge.png");
  Object.defineProperty(huge, "size", { value: 70_000_000 });
  uploads.add([huge]);
  await settle();
  expect(uploads.tiles.get()[0]?.error).toBe("huge.png has 70 MB; at most 64 MB can be uploaded.");
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
  expect(uploads.add([notes])).toBe("notes.txt is not an image; drop PNG, JPEG or WebP files.");
  expect(uploads.add([notes, notes, notes])).toContain("notes.txt and 2 more are not images");
  expect(uploads.tiles.get()).toEqual([]);
});

it("knows images without a media type by their name", () => {
  expect(isImageFile(new File(["x"], "a.HEIC"))).toBe(true);
  expect(isImageFile(new File(["x"], "a.exe"))).toBe(false);
});

it("abandons a file that is removed, wherever it is", async () => {
  uploads.add(["a.png", "b.png", "c.png", "d.png", "e.png"].map((name) => image(name)));
  await settle(200);
  const ids = uploads.tiles.get().map(({ id }) => id);
  for (const id of ids.slice(1)) uploads.remove(id);
  expect(model.of("abandon").map((one) => one.upload_id)).toEqual(ids.slice(1));
  await settle(200);
  expect(phases()).toEqual(["a.png reading"]);
  uploads.add([image("f.png")]);
  await settle(200);
  expect(phases()).toEqual(["a.png reading", "f.png reading"]);
  expect(sent("chunk")).toEqual(["a.png", "b.png", "c.png", "f.png"]);
});

it("asks when `uploaded` was lost, and the kernel says it again", async () => {
  uploads.add([image("a.png"), image("b.png")]);
  await settle(200);
  finish("b.png");
  await settle(200);
  expect(phases()).toEqual(["a.png reading"]);
  model.onSend = ({ kind }) => {
    if (kind === "probe") finish("a.png");
    return { received: 4 };
  };
  await vi.advanceTimersByTimeAsync(10_100);
  expect(model.of("probe")).toHaveLength(1);
  expect(phases()).toEqual([]);
});

it("hands its picture to the reference it became", async () => {
  const revoked = vi.spyOn(URL, "revokeObjectURL");
  uploads.add([image("a.png")]);
  await settle(200);
  const picture = uploads.tiles.get()[0]?.picture;
  expect(picture).toMatch(/^blob:/);
  finish("a.png");
  await settle(200);
  expect(adopted).toEqual([`r1 ${picture}`]);
  expect(revoked).not.toHaveBeenCalledWith(picture);
});

it("gives a file up of which no word comes", async () => {
  uploads.add([image("a.png")]);
  await settle(100);
  await vi.advanceTimersByTimeAsync(70_000);
  expect(uploads.tiles.get()[0]?.error).toContain("The kernel did not answer about a.png");
});
