import { expect, it } from "vitest";
import { createChannel } from "../../src/kernel/channel";
import { createStore } from "../../src/kernel/store";
import type { Viewing } from "../../src/pictures/session";
import { createViewer, type ViewedPicture } from "../../src/viewer/state";
import { FakeModel, message, type Sent, settle } from "../fake";

const look = (id: string): ViewedPicture => ({ id, width: 8, height: 6, words: `the ${id}` });
const list = (...ids: string[]) => ({
  total: ids.length,
  at: (index: number) => Promise.resolve(ids[index] ?? null),
});

function opened() {
  const model = new FakeModel();
  const channel = createChannel(model.any, new AbortController().signal);
  const viewing = createStore<Viewing | null>(null);
  const waiting: ((look: ViewedPicture | null) => void)[] = [];
  const hold = { lookUp: false };
  const lookUp = (id: string) =>
    hold.lookUp
      ? new Promise<ViewedPicture | null>((resolve) => waiting.push(resolve))
      : Promise.resolve(id === "gone" ? null : look(id));
  const viewer = createViewer({ channel, viewing, lookUp });
  const open = async (index: number, against: string | null, ...ids: string[]) => {
    viewing.set({ list: list(...ids), index, against });
    await settle();
  };
  const looked = () => model.of("look").map(({ targets }) => targets);
  return { model, viewing, viewer, open, hold, waiting, looked };
}

it("shows a picture, has it decoded ahead, and lets go of it", async () => {
  const { viewer, open, looked, viewing } = opened();
  await open(1, null, "fox", "owl");
  expect(viewer.shown.get()).toMatchObject({ picture: look("owl"), at: 1, pinned: null });
  viewer.close();
  await settle();
  expect(viewing.get()).toBeNull();
  expect(viewer.shown.get()).toBeNull();
  expect(looked()).toEqual([["owl"], []]);
});

it("steps within the list", async () => {
  const { viewer, open } = opened();
  await open(0, null, "fox", "owl", "cat");
  for (const [by, id] of [
    [1, "owl"],
    [5, "cat"],
    [1, "cat"],
    [Number.NEGATIVE_INFINITY, "fox"],
  ] as const) {
    await viewer.step(by);
    expect(viewer.shown.get()?.picture.id).toBe(id);
  }
});

it("steps A and B by themselves, and decodes both", async () => {
  const { viewer, open, looked } = opened();
  await open(1, "fox", "fox", "owl", "cat");
  await viewer.step(1);
  expect(viewer.shown.get()).toMatchObject({ pinned: look("fox"), picture: look("cat") });
  await viewer.step(-1, "pinned");
  expect(viewer.shown.get()).toMatchObject({ pinned: look("fox"), picture: look("cat") });
  expect(looked().at(-1)).toEqual(["fox", "cat"]);
});

it("steps past the other of two, as none is compared with itself", async () => {
  const { viewer, open } = opened();
  await open(0, "owl", "fox", "owl", "cat");
  expect(await viewer.step(1)).toBe(true);
  expect(viewer.shown.get()).toMatchObject({ pinned: look("owl"), picture: look("cat"), at: 2 });
  expect(await viewer.step(1), "the end").toBe(false);
  expect(await viewer.step(-1)).toBe(true);
  expect(viewer.shown.get()).toMatchObject({ pinned: look("owl"), picture: look("fox"), at: 0 });
  await open(1, "cat", "fox", "owl", "cat");
  expect(await viewer.step(1), "none after it").toBe(false);
  expect(viewer.shown.get()).toMatchObject({ pinned: look("cat"), picture: look("owl") });
});

it("says of a picture that is gone that it is, and goes on from it", async () => {
  const { viewer, open } = opened();
  await open(0, null, "gone", "owl");
  expect(viewer.shown.get()?.picture.words).toBe("not here");
  await viewer.step(1);
  expect(viewer.shown.get()?.picture.id).toBe("owl");
});

it("does not show what comes late, after it was closed or stepped on", async () => {
  const { viewer, open, hold, waiting } = opened();
  await open(0, null, "fox", "owl", "cat");
  hold.lookUp = true;
  void viewer.step(1);
  await settle();
  void viewer.step(2);
  await settle();
  waiting[0]?.(look("owl"));
  await settle();
  expect(viewer.shown.get()?.picture.id).toBe("fox");
  viewer.close();
  waiting[1]?.(look("cat"));
  await settle();
  expect(viewer.shown.get()).toBeNull();
});

it("reads a receipt, or the kernel's sentence", async () => {
  const { model, viewer } = opened();
  const asked = viewer.receipt("fox");
  model.reply(model.last("receipt"), message<{ result: object }>("reply_receipt").result as never);
  expect(await asked).toMatchObject({ rows: [{ name: "Prompt" }, { name: "Seed", text: "7" }] });
  const again = viewer.receipt("fox");
  model.refuse(model.last("receipt"), "No such picture.");
  expect((await again).rows).toEqual([{ name: "Receipt", text: "No such picture." }]);
});

it("asks again for what is looked at when the library changes, and says what was deleted", async () => {
  const { model, viewer, open } = opened();
  await open(1, "fox", "fox", "owl");
  model.say({ kind: "library" });
  const asked = model.of("receipt");
  expect(asked.map(({ target }) => target)).toEqual(["owl", "fox"]);
  const words = "This picture was deleted.";
  for (const each of asked) model.refuse(each, words, each.target === "owl" ? "picture" : null);
  await settle();
  expect(viewer.gone.get()).toEqual({ owl: words });
  model.say({ kind: "library" });
  model.reply(
    model.of("receipt")[2] as Sent,
    message<{ result: object }>("reply_receipt").result as never,
  );
  await settle();
  expect(viewer.gone.get().owl, "it was brought back").toBe("");
  viewer.close();
  await settle();
  model.say({ kind: "library" });
  expect(model.of("receipt")).toHaveLength(4);
});
