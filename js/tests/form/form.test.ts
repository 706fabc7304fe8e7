import { fireEvent } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { answerAll, mount, unmountAll } from "../mount";
import {
  button,
  card,
  click,
  doing,
  field,
  press,
  prompt,
  reference,
  type,
  ui,
  withJobs,
} from "../ui";

afterEach(unmountAll);

describe("the form", () => {
  it("writes typed text after a pause, at once on leaving the field", async () => {
    vi.useFakeTimers();
    const view = await mount();
    await type(prompt(view), "a f");
    await type(prompt(view), "a fox");
    expect(view.model.get("prompt")).toBe("");
    vi.advanceTimersByTime(250);
    expect(view.model.get("prompt")).toBe("a fox");
    await type(prompt(view), "a red fox");
    await doing(() => fireEvent.focusOut(prompt(view)));
    expect(view.model.get("prompt")).toBe("a red fox");
  });

  it("follows Python, but not over what is being typed", async () => {
    const view = await mount();
    await doing(() => view.model.set("prompt", "from Python"));
    expect(prompt(view).value).toBe("from Python");
    await type(prompt(view), "typed");
    await doing(() => view.model.set("prompt", "late"));
    expect(prompt(view).value).toBe("typed");
    await doing(() => view.model.set("num_images", 3));
    expect(field(view, "Images").value).toBe("3");
  });

  it("passes over its own late echo, and takes what comes from elsewhere", async () => {
    vi.useFakeTimers();
    const view = await mount();
    await type(prompt(view), "a f");
    vi.advanceTimersByTime(250);
    await type(prompt(view), "a fox");
    vi.advanceTimersByTime(250);
    await doing(() => view.model.set("prompt", "a f"));
    expect(prompt(view).value).toBe("a fox");
    await doing(() => view.model.set("prompt", "from elsewhere"));
    expect(prompt(view).value).toBe("from elsewhere");
  });

  it("keeps a prompt that is not to be stored out of the model, which is saved", async () => {
    vi.useFakeTimers();
    const view = await mount({ prompt: undefined });
    const { model } = view;
    const answer = answerAll();
    model.onSend = (sent) => (sent.kind === "write" ? undefined : answer(sent));
    await doing(() => model.say({ kind: "unsaved", traits: { prompt: "from Python" } }));
    expect(prompt(view).value).toBe("from Python");
    await type(prompt(view), "a fox");
    await doing(() => fireEvent.focusOut(prompt(view)));
    expect(model.last("write").traits).toEqual({ prompt: "a fox" });
    // Said before the kernel took what was typed, though it comes later.
    await doing(() => model.say({ kind: "unsaved", traits: { prompt: "from Python" } }));
    expect(prompt(view).value).toBe("a fox");
    await doing(() => model.reply(model.last("write")));
    await doing(() => model.say({ kind: "unsaved", traits: { prompt: "newer" } }));
    expect(prompt(view).value).toBe("newer");
    await click(button(view, /Generate/));
    expect(model.last("submit").form).toMatchObject({ prompt: "newer" });
    expect(model.get("prompt")).toBeUndefined();
  });

  it("shows what Python made of it once it is left", async () => {
    vi.useFakeTimers();
    const view = await mount();
    await type(prompt(view), "a f");
    vi.advanceTimersByTime(250);
    await type(prompt(view), "a fox");
    vi.advanceTimersByTime(250);
    await doing(() => view.model.set("prompt", "a f"));
    await doing(() => fireEvent.focusOut(prompt(view)));
    expect(prompt(view).value).toBe("a f");
  });

  it("keeps numbers that no trait takes on the page", async () => {
    vi.useFakeTimers();
    const view = await mount({ prompt: "x" });
    await type(field(view, "Images"), "9");
    vi.advanceTimersByTime(1000);
    expect(view.model.get("num_images")).toBe(1);
    expect(field(view, "Images").value).toBe("9");
    expect(field(view, "Images").getAttribute("aria-invalid")).toBe("true");
    expect(ui(view).getAllByText("Images takes a whole number from 1 to 6.")).toHaveLength(2);
  });

  it("rolls a seed, and takes the last one again", async () => {
    const view = await withJobs([card("job_completed")]);
    await click(button(view, "Reuse last seed"));
    expect(field(view, "Seed").value).toBe("746406749");
    await click(button(view, "Random seed"));
    const seed = view.model.get("seed") as number;
    expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31).toBe(true);
    await type(field(view, "Seed"), "");
    expect(ui(view).getByText("random")).toBeTruthy();
  });

  it("hides what the endpoint has not", async () => {
    const view = await mount({ model: "v4.5" });
    expect(ui(view).queryByLabelText("Prompt enhancement")).toBeNull();
    await doing(() => view.model.set("model", "v4"));
    expect(ui(view).getByLabelText("Prompt enhancement")).toBeTruthy();
  });

  it("stays in step with another view of the same studio", async () => {
    const one = await mount();
    const two = await mount({}, one.model);
    await type(prompt(one), "shared");
    await doing(() => fireEvent.focusOut(prompt(one)));
    expect(prompt(two).value).toBe("shared");
    await click(ui(one).getByRole("radio", { name: "4:3" }));
    expect(ui(two).getByRole("radio", { name: "4:3" }).getAttribute("aria-checked")).toBe("true");
    expect(new Set([...document.querySelectorAll("[id]")].map((one) => one.id)).size).toBe(
      document.querySelectorAll("[id]").length,
    );
  });
});

describe("the size", () => {
  it("moves by arrows, one stop for Tab", async () => {
    const view = await mount();
    const group = ui(view).getByRole("radiogroup", { name: "Size" });
    const stops = () => [...group.children].filter((one) => (one as HTMLElement).tabIndex === 0);
    expect(stops().map((one) => one.textContent)).toEqual(["1:1"]);
    await press(stops()[0] as Element, "ArrowRight");
    expect(view.model.get("image_size")).toEqual([2304, 1728]);
    expect(stops().map((one) => one.textContent)).toEqual(["4:3"]);
    expect(document.activeElement?.textContent).toBe("4:3");
  });

  it("refuses a tier and says why", async () => {
    const view = await mount({ model: "v4.5" });
    const tier = ui(view).getByRole("radio", { name: "1K" });
    expect(tier.getAttribute("aria-disabled")).toBe("true");
    expect(tier.title).toContain("each side 1920 to 4096");
    await click(tier);
    expect(view.model.get("image_size")).toEqual([2048, 2048]);
  });

  it("says what is impossible and mends it", async () => {
    const view = await mount({ prompt: "x", image_size: [512, 513] });
    expect(view.root.textContent).toContain("921,600 to 16,777,216 pixels in all");
    expect(button(view, /^Generate/).getAttribute("aria-disabled")).toBe("true");
    await click(button(view, "Use 960 × 961"));
    expect(view.model.get("image_size")).toEqual([960, 961]);
    expect(button(view, /^Generate/).getAttribute("aria-disabled")).toBe("false");
  });

  it("keeps W×H open on a size of the table, and shows a preset by its name", async () => {
    const view = await mount();
    await click(ui(view).getByRole("radio", { name: "W×H" }));
    expect(field(view, "Width").value).toBe("2048");
    await doing(() => view.model.set("image_size", "portrait_4_3"));
    expect(view.root.textContent).toContain("portrait_4_3 · 768 × 1024");
    expect(ui(view).queryByRole("radio", { checked: true })).toBeNull();
  });

  it("takes fal's default, as Python does, and shows what that is", async () => {
    const view = await mount({ prompt: "a fox", image_size: "default" });
    expect(view.root.textContent).toContain("2048 × 2048 · 4.2 MP · fal's default");
    expect(ui(view).getByRole("radio", { name: "1:1" }).getAttribute("aria-checked")).toBe("true");
    expect(view.root.textContent).not.toContain("knows no size");
    await click(button(view, /^Generate/));
    expect(view.model.last("submit")).toMatchObject({ form: { image_size: [2048, 2048] } });
    await doing(() => view.model.set("model", "v5-lite"));
    expect(view.root.textContent).toContain("auto_2K · Seedream chooses · fal's default");
    await click(ui(view).getByRole("radio", { name: "16:9" }));
    expect(view.model.get("image_size")).not.toBe("default");
  });

  it("tells that fal scales up", async () => {
    const view = await mount({ image_size: [700, 700], _references: [reference("r1")] });
    expect(view.root.textContent).toContain("fal scales it up to about 960 × 960");
  });
});
