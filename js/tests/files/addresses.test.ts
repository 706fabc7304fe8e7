import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Addressed, readAddress } from "../../src/files/addresses";
import { acceptDrops } from "../../src/files/drops";

const given = (texts: Record<string, string>, files: File[] = []) => ({
  types: [...Object.keys(texts), ...(files.length > 0 ? ["Files"] : [])],
  files,
  effectAllowed: "all",
  dropEffect: "none",
  getData: (type: string) => texts[type] ?? "",
});
const read = async (texts: Record<string, string>, inText = false) =>
  (await readAddress(given(texts), inText)) as unknown as Record<string, string>;
const uri = (address: string) => ({ "text/uri-list": address });
const image = (source: string) => ({ "text/html": `<meta><a href="#"><img src="${source}"></a>` });

it("takes an image's own address before that of its link", async () => {
  const dragged = { ...uri("https://a.org/page"), ...image("https://b.org/fox") };
  expect(await read(dragged)).toEqual({ url: "https://b.org/fox" });
});

it("takes the first address of a list", async () => {
  expect(await read(uri("# two\r\nhttps://a.org/a.png?x=1\r\nhttps://a.org/b.png"))).toEqual({
    url: "https://a.org/a.png?x=1",
  });
});

it.each([
  [
    "file:///home/me/a%20fox.png",
    "a fox.png came as an address",
    'studio.references = ["/home/me/a fox.png"]',
  ],
  ["file:///C:/me/fox.png", "fox.png came", 'studio.references = ["C:/me/fox.png"]'],
  ["vscode-remote://ssh-remote%2Bbox/home/me/fox.png", "Browse for it", "/home/me/fox.png"],
  ["file:///%E0%A4%A.png", "Browse for it", "%E0%A4%A.png"],
  ["https://a.org/page.html", "a.org: this is a link", "Drag the image itself"],
  ["http://a.org/fox.png", "fal can't fetch this image from a.org", "Save it"],
  ["blob:https://a.org/123.png", "fal can't fetch", "paste it here"],
  ["nonsense", "What was dropped", "not an image"],
])("says what to do with %s", async (address, ...words) => {
  const { error } = await read(uri(address));
  for (const word of words) expect(error).toContain(word);
});

it("sends an image that its address holds as a file", async () => {
  const found = (await readAddress(
    given(image("data:image/gif;base64,R0lGODlh")),
    false,
  )) as Addressed;
  expect("file" in found && [found.file.name, found.file.type, found.file.size]).toEqual([
    "image.gif",
    "image/gif",
    6,
  ]);
});

it("loads and runs nothing of what is dragged", () => {
  const loaded = vi.spyOn(globalThis, "fetch");
  void readAddress(given({ "text/html": "<img src=x onerror='window.hit = 1'>" }), false);
  expect(loaded).not.toHaveBeenCalled();
  expect("hit" in window).toBe(false);
  loaded.mockRestore();
});

let root: HTMLElement;
let ended: AbortController;
const handlers = { onFiles: vi.fn(), onHover: vi.fn(), onAddress: vi.fn() };
const send = (kind: "drop" | "paste" | "dragover", on: string, data: object) => {
  const event = new Event(kind, { bubbles: true, cancelable: true, composed: true });
  Object.assign(event, { [kind === "paste" ? "clipboardData" : "dataTransfer"]: data });
  (root.querySelector(on) ?? root).dispatchEvent(event);
  return event;
};
const told = () => [handlers.onFiles.mock.calls.length, handlers.onAddress.mock.calls.length];

beforeEach(() => {
  root = document.createElement("section");
  root.innerHTML = "<textarea class='sd-prompt'></textarea><button></button>";
  document.body.append(root);
  ended = new AbortController();
  vi.clearAllMocks();
  acceptDrops(root, handlers, ended.signal);
});
afterEach(() => {
  ended.abort();
  root.remove();
});

const PICTURE = new File(["x"], "image.png", { type: "image/png" });
const WORD = { "text/plain": "a red fox", "text/html": "<b>a red fox</b>" };

it.each([
  ["text with a picture of it, into the prompt", "textarea", given(WORD, [PICTURE]), [0, 0]],
  ["the same onto a button", "button", given(WORD, [PICTURE]), [1, 0]],
  ["a picture copied in a browser", "textarea", given(image("https://a.org/x"), [PICTURE]), [1, 0]],
  [
    "a file copied with its name",
    "textarea",
    given({ "text/plain": "/me/image.png" }, [PICTURE]),
    [1, 0],
  ],
  ["an image by its address alone", "textarea", given(image("https://a.org/x")), [0, 1]],
  ["an address as text, into the prompt", "textarea", given(uri("https://a.org/x.png")), [0, 0]],
  ["an address as text, onto a button", "button", given(uri("https://a.org/x.png")), [0, 1]],
  ["plain text onto a button", "button", given({ "text/plain": "a" }), [0, 0]],
])("pastes %s", (_, on, data, wanted) => {
  const event = send("paste", on, data);
  expect(told()).toEqual(wanted);
  expect(event.defaultPrevented).toBe(wanted.includes(1));
});

it("offers a place to addresses that hang over it, and takes them", () => {
  const data = given(uri("https://a.org/x.png"));
  expect(send("dragover", "button", data).defaultPrevented).toBe(true);
  expect(handlers.onHover).toHaveBeenLastCalledWith("references");
  send("drop", "button", data);
  expect(handlers.onHover).toHaveBeenLastCalledWith("");
  expect(told()).toEqual([0, 1]);
});

it("leaves a link dropped on the prompt to be text, and takes an image", () => {
  expect(send("drop", "textarea", given(uri("https://a.org/x.png"))).defaultPrevented).toBe(false);
  expect(told()).toEqual([0, 0]);
  expect(send("drop", "textarea", given(image("https://a.org/x"))).defaultPrevented).toBe(true);
  expect(told()).toEqual([0, 1]);
});

it("takes its own drags for no address", () => {
  send(
    "dragover",
    "button",
    given({ "application/x-seedream-image": "2f6c:0", "text/html": "<img src=x>" }),
  );
  expect(handlers.onHover).not.toHaveBeenCalled();
});
