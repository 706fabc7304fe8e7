import { act, fireEvent, within } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { progressWords } from "../../src/files/UploadTile";
import { mount, unmountAll, type View } from "../mount";
import { button, click, doing, press, prompt, reference, ui } from "../ui";

afterEach(unmountAll);

const addFiles = ({ root }: View, body: string, ...names: string[]) => {
  const files = names.map((name) => new File([body], name, { type: "image/png" }));
  const input = root.querySelector("input[type=file]") as HTMLInputElement;
  Object.defineProperty(input, "files", { value: files, configurable: true });
  return doing(() => fireEvent.change(input));
};

describe("references", () => {
  const three = { _references: ["r1", "r2", "r3"].map(reference) };
  const tiles = (view: View) =>
    within(ui(view).getByRole("list", { name: "Reference images" })).getAllByRole("listitem");

  it("move by Alt+arrow, with focus and a word", async () => {
    const view = await mount(three);
    view.model.onSend = () => undefined;
    const tile = tiles(view)[0] as HTMLElement;
    tile.focus();
    // Where a move takes focus away, it must be given back; happy-dom takes nothing away.
    const focus = vi.spyOn(tile, "focus");
    await press(tile, "ArrowRight", { altKey: true });
    expect(focus).toHaveBeenCalledOnce();
    expect(view.model.last("arrange").references).toEqual(["r2", "r1", "r3"]);
    expect(ui(view).getByRole("status").textContent).toBe("r1.png is now image 2 of 3");
    expect(document.activeElement?.getAttribute("aria-label")).toContain("r1.png");
  });

  it("stand in the new order before the kernel answers, and fall back when it refuses", async () => {
    const view = await mount(three);
    view.model.onSend = () => undefined;
    await press(tiles(view)[2] as HTMLElement, "ArrowLeft", { altKey: true });
    const names = () => tiles(view).map((tile) => tile.getAttribute("aria-label")?.slice(0, 16));
    expect(names()).toEqual(["Image 1: r1.png,", "Image 2: r3.png,", "Image 3: r2.png,"]);
    await doing(() => view.model.refuse(view.model.last("arrange"), "r3 is gone", "references"));
    expect(names()[1]).toBe("Image 2: r2.png,");
    expect(view.root.textContent).toContain("r3 is gone");
  });

  it("go by Delete and by their button", async () => {
    const view = await mount(three);
    const tile = tiles(view)[1] as HTMLElement;
    tile.focus();
    await press(tile, "Delete");
    expect(view.model.last("arrange").references).toEqual(["r1", "r3"]);
    await click(button(view, "Remove image 1"));
    expect(view.model.last("arrange").references).toEqual(["r2", "r3"]);
  });

  it("come from pictures chosen, dropped anywhere or pasted", async () => {
    const view = await mount();
    view.model.onSend = () => undefined;
    const png = (name: string) => new File(["x"], name, { type: "image/png" });
    const input = view.root.querySelector("input[type=file]") as HTMLInputElement;
    Object.defineProperty(input, "files", { value: [png("a.png")], configurable: true });
    await doing(() => fireEvent.change(input));
    const dataTransfer = { types: ["Files"], files: [png("b.png")], getData: () => "" };
    await act(async () => {
      fireEvent.drop(view.root.querySelector(".sd-stage") as Element, { dataTransfer });
    });
    await act(async () => {
      fireEvent.paste(prompt(view), { clipboardData: { files: [png("c.png")] } });
    });
    expect(tiles(view).map((tile) => tile.title.split(",")[0])).toEqual([
      "a.png",
      "b.png",
      "c.png",
    ]);
    expect(within(view.root).getAllByRole("progressbar")).toHaveLength(3);
    const said = [...view.root.querySelectorAll(".sd-far")].map((each) => each.textContent);
    expect(said).toEqual(["Waiting", "Waiting", "Waiting"]);
  });

  it("say on their tiles how far they are", () => {
    const tile = { id: "u1", name: "a.png", size: 30e6, error: null, picture: null };
    expect(progressWords({ ...tile, phase: "sending", received: 12.4e6 })).toBe("41 %");
    expect(progressWords({ ...tile, phase: "reading", received: 30e6 })).toBe("Reading");
  });

  it("come from a result that is dragged here, and reorder by dragging", async () => {
    const view = await mount(three);
    const drag = (kind: string, id: string) => ({
      dataTransfer: { types: [kind], getData: (wanted: string) => (wanted === kind ? id : "") },
    });
    const zone = view.root.querySelector(".sd-refs") as Element;
    await doing(() => fireEvent.drop(zone, drag("application/x-seedream-image", "2f6c:0")));
    expect(view.model.last("use_result").image_id).toBe("2f6c:0");
    const first = tiles(view)[0] as Element;
    const data = drag("application/x-seedream-reference", "r3");
    await doing(() => fireEvent.drop(first, data));
    expect(view.model.last("arrange").references).toEqual(["r3", "r1", "r2"]);
  });

  it("say that inputs and outputs are too many", async () => {
    const many = Array.from({ length: 10 }, (_, index) => reference(`r${index}`));
    const view = await mount({ prompt: "x", num_images: 6, _references: many });
    expect(view.root.textContent).toContain("10 references and 6 results make 16");
    expect(ui(view).queryByRole("button", { name: "Add images" })).toBeNull();
  });

  it("that fail in the same moment are each said", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const view = await mount();
    await addFiles(view, "", "one.png", "two.png");
    await doing(() => vi.advanceTimersByTime(600));
    const lines = [...ui(view).getByRole("status").children].map((line) => line.textContent);
    expect(lines).toEqual(["one.png is empty.", "two.png is empty."]);
    vi.useRealTimers();
  });

  it("that the browser can't draw show no sign of a broken picture", async () => {
    const view = await mount();
    await addFiles(view, "some text", "text.png");
    const picture = view.root.querySelector(".sd-ref-up img") as HTMLImageElement;
    fireEvent.error(picture);
    expect(picture.style.visibility).toBe("hidden");
    fireEvent.load(picture); // its preview
    expect(picture.style.visibility).toBe("");
  });
});
