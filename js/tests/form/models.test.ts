import { afterEach, describe, expect, it } from "vitest";
import { type Facts, facts, modelOf } from "../../src/form/facts";
import { adaptForm, describeChange, describeKept, initialForm } from "../../src/form/fields";
import { read } from "../../src/kernel/parse";
import { message } from "../fake";
import { mount, unmountAll, type View } from "../mount";
import { button, click, doing, field, press, reference, type, ui } from "../ui";

afterEach(unmountAll);

const all = read(facts, message("facts")) as Facts;
const model = (name: string) => {
  const found = modelOf(all, name);
  if (!found) throw new Error(name);
  return found;
};

describe("what a change of model says", () => {
  it.each([
    ["v4", "v4.5", "V4.5 takes no prompt enhancement."],
    [
      "v4",
      "v5-flash",
      "V5 Flash takes no seed, “Up to” and no prompt enhancement; it lets you choose file format.",
    ],
    ["v5-flash", "v5.5", "V5.5 also takes background."],
    ["v5-flash", "v5-pro", ""],
  ])("from %s to %s", (from, to, line) => {
    expect(describeChange(model(from), model(to))).toBe(line);
  });

  it.each([
    ["v4", { seed: 7 }, ""],
    ["v5-flash", { seed: 7 }, "What you set for seed is kept for when you switch back."],
    [
      "v5-flash",
      { seed: 7, max_images: 2, background: "transparent" },
      "What you set for seed, “Up to” and background is kept for when you switch back.",
    ],
  ])("%s keeps what was set: %j", (name, change, line) => {
    const endpoint = model(name).endpoints["text-to-image"] ?? null;
    expect(describeKept(endpoint, { ...initialForm, ...change })).toBe(line);
  });
});

it("sends the defaults of what the model does not take, and no format beside transparency", () => {
  const form = {
    ...initialForm,
    seed: 7,
    max_images: 3,
    output_format: "jpeg",
    background: "opaque",
  };
  const { edit: flash } = model("v5-flash").endpoints;
  const { "text-to-image": newest } = model("v5.5").endpoints;
  const sent = adaptForm(flash ?? null, form);
  expect([sent.seed, sent.max_images, sent.background]).toEqual([null, 1, null]);
  expect(sent.output_format).toBe("jpeg");
  const clear = adaptForm(newest ?? null, { ...form, background: "transparent" });
  expect([clear.background, clear.output_format]).toEqual(["transparent", null]);
});

describe("the picker", () => {
  const opened = async (view: View) => {
    await click(button(view, /^Model /));
    return view;
  };
  const option = (view: View, name: RegExp) => ui(view).getByRole("radio", { name });
  const choose = async (view: View, name: RegExp) => click(option(await opened(view), name));

  it("tells the models apart for this very request", async () => {
    const view = await opened(
      await mount({ prompt: "x", image_size: [1024, 1024], num_images: 2 }),
    );
    expect(option(view, /^V4, /).textContent).toContain("about $0.06");
    const pro = option(view, /^V5 Pro/).textContent;
    expect(pro).toContain("about $0.135");
    expect(pro).toContain("up to 4.2 MP · 10 references · no seed · partly unconfirmed");
    expect(option(view, /^V5 Flash/).textContent).toContain("fast");
    expect(option(view, /^V5\.5/).textContent).toContain("no references yet");
    expect(option(view, /^V4, /).textContent).toContain("up to 16.8 MP · 10 references · seed");
  });

  it("keeps what was typed for when you switch back, and says what changed", async () => {
    const view = await mount({ prompt: "x", seed: 7, max_images: 2 });
    await choose(view, /^V5 Flash/);
    expect(view.model.get("model")).toBe("v5-flash");
    expect(ui(view).queryByRole("spinbutton", { name: "Seed" })).toBeNull();
    expect(ui(view).queryByRole("spinbutton", { name: "Up to" })).toBeNull();
    expect(view.root.textContent).toContain("V5 Flash takes no seed");
    expect(view.root.textContent).toContain("What you set for seed and “Up to” is kept");
    expect(view.root.textContent).toContain("each click asks for another picture");
    await click(button(view, /^Generate/));
    const { form } = view.model.last("submit") as unknown as { form: Record<string, unknown> };
    expect([form.seed, form.max_images, form.model]).toEqual([null, 1, "v5-flash"]);
    await choose(view, /^V4, /);
    expect(field(view, "Seed").value).toBe("7");
    expect(field(view, "Up to").value).toBe("2");
    expect(view.model.get("seed")).toBe(7);
  });

  it("offers what the chosen model takes", async () => {
    const view = await mount({ model: "v5.5" });
    expect(ui(view).queryByLabelText("Prompt enhancement")).toBeNull();
    const format = ui(view).getByLabelText("File format") as HTMLSelectElement;
    const background = ui(view).getByLabelText("Background") as HTMLSelectElement;
    expect([...format.options].map((one) => one.value)).toEqual(["", "jpeg", "png"]);
    await doing(() => {
      background.value = "transparent";
      background.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(view.model.get("background")).toBe("transparent");
    expect(format.disabled).toBe(true);
    expect(format.textContent).toContain("PNG, for transparency");
  });

  it("says that a model takes no references yet", async () => {
    const view = await mount({ prompt: "x", model: "v5.5", _references: [reference("r1")] });
    expect(view.root.textContent).toContain("V5.5 has no edit endpoint here yet.");
    expect(button(view, /^Generate/).getAttribute("aria-disabled")).toBe("true");
  });

  it("is chosen from by keys, and closes on Escape", async () => {
    const view = await opened(await mount());
    expect(document.activeElement).toBe(option(view, /^V4, /));
    await press(option(view, /^V4, /), "ArrowDown");
    expect(view.model.get("model")).toBe("v4.5");
    await press(option(view, /^V4\.5/), "Escape");
    expect(ui(view).queryByRole("radio", { name: /^V4/ })).toBeNull();
    expect(document.activeElement).toBe(button(view, "Model V4.5"));
  });

  it("asks for a smaller 16:9 where the model takes no more", async () => {
    const view = await mount({ model: "v5-flash" });
    await click(ui(view).getByRole("radio", { name: "16:9" }));
    expect(view.model.get("image_size")).toEqual([2560, 1440]);
    await type(field(view, "Images"), "2");
  });
});
