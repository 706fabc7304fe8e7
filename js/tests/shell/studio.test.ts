import { afterEach, describe, expect, it } from "vitest";
import { mount, unmountAll } from "../mount";
import { button, card, field, prompt, ui, withJobs } from "../ui";

afterEach(unmountAll);

describe("names that people and tests hold on to", () => {
  it("has every control under its name", async () => {
    const view = await mount();
    expect(prompt(view)).toBeTruthy();
    for (const name of ["Add images", "Random seed", "Reuse last seed", /^Generate/]) {
      expect(button(view, name)).toBeTruthy();
    }
    for (const name of ["Images", "Up to", "Seed"]) expect(field(view, name)).toBeTruthy();
    expect(ui(view).getByRole("list", { name: "Reference images" })).toBeTruthy();
    expect(ui(view).getByRole("radiogroup", { name: "Size" })).toBeTruthy();
    expect(ui(view).getByRole("button", { name: "Model V4" })).toBeTruthy();
    expect(ui(view).getByRole("region", { name: "Results" })).toBeTruthy();
    const status = ui(view).getByRole("status");
    expect(status.getAttribute("aria-live")).toBe("polite");
    expect(status.getAttribute("aria-atomic")).toBe("false"); // each line is heard once
  });

  it("shows Width and Height for a size of one's own", async () => {
    const view = await mount({ image_size: [1000, 1001] });
    expect(field(view, "Width").value).toBe("1000");
    expect(field(view, "Height").value).toBe("1001");
  });
});

it("leaves nothing behind", async () => {
  const view = await withJobs([card("job_in_progress")]);
  view.end();
  expect(view.model.listening).toBe(0);
  expect(view.el.childElementCount).toBe(0);
});
