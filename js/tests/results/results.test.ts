import { act } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeModel, message, synced } from "../fake";
import { mount, unmountAll } from "../mount";
import { button, card, click, doing, field, prompt, type, ui, withJobs } from "../ui";

afterEach(unmountAll);

describe("results", () => {
  it("show a running job with its tiles, its log and Cancel", async () => {
    const view = await withJobs([card("job_in_progress")]);
    const article = ui(view).getByRole("article");
    expect(article.textContent).toContain("Generating");
    expect(article.textContent).toContain("step 14 of 30");
    expect(article.querySelectorAll(".sd-skeleton")).toHaveLength(2);
    await click(button(view, "Cancel"));
    expect(view.model.last("cancel").job_id).toBe("j1");
  });

  it("show what came: receipt, pictures, choice", async () => {
    const view = await withJobs([card("job_completed")]);
    expect(view.root.textContent).toContain("seed 746406749 · 2304×1728 · 8.2 s · $0.06");
    const [first, second] = ui(view).getAllByRole("button", { name: /^a red fox in snow, image/ });
    expect(first?.getAttribute("aria-pressed")).toBe("true");
    await click(second as Element);
    expect(view.model.get("selected")).toBe("2f6c:1");
    expect(second?.getAttribute("aria-pressed")).toBe("true");
    await click(second as Element);
    expect(view.model.get("selected")).toBe("2f6c:1");
    await click(button(view, "Use image 1 of 2 as a reference"));
    expect(view.model.last("use_result").image_id).toBe("2f6c:0");
  });

  it("say which picture studio.image is, and keep the one that is pinned", async () => {
    const view = await withJobs([card("job_completed")]);
    const current = () => view.root.querySelector(".sd-current")?.textContent;
    expect(current()).toBe("studio.imagea red fox in snow, image 1 of 2PinMedium");
    await doing(() => view.model.set("selected", "2f6c:1"));
    expect(current()).toContain("image 2 of 2");
    await click(button(view, "Pin"));
    expect(view.model.traits).toMatchObject({ selected: "2f6c:1", pinned: true });
    await click(button(view, "Show a red fox in snow, image 2 of 2"));
    expect(document.activeElement?.getAttribute("aria-pressed")).toBe("true");
    await click(button(view, "Unpin"));
    expect(view.model.traits).toMatchObject({ selected: "2f6c:1", pinned: false });
    await doing(() => view.model.set("selected", "j0-0"));
    expect(current()).toContain("a picture whose card is gone");
  });

  it("show a failure as a sentence with its next step", async () => {
    const view = await withJobs([card("job_failed")]);
    expect(view.root.textContent).toContain("The safety checker refused this prompt.");
    await click(button(view, "Edit prompt"));
    expect(prompt(view).value).toBe("a red fox in snow");
    expect(document.activeElement).toBe(prompt(view));
  });

  it("put a request back as it was asked, without the seed that came back", async () => {
    const view = await withJobs([card("job_completed")]);
    await click(button(view, "Reuse"));
    expect(prompt(view).value).toBe("a red fox in snow");
    expect(field(view, "Seed").value).toBe("");
    expect(view.model.get("image_size")).toEqual([2304, 1728]);
    expect(view.model.last("arrange").references).toEqual(["r1"]);
  });

  it("put a seeded request back with its seed, so that the library may answer it", async () => {
    const asked = card("job_completed");
    const view = await withJobs([{ ...asked, form: { ...asked.form, seed: 7 } }]);
    await click(button(view, "Reuse"));
    expect(field(view, "Seed").value).toBe("7");
  });

  it("are shown though one of them can't be read, or has a cost that is no amount", async () => {
    const good = card("job_completed");
    const view = await withJobs([
      { ...good, id: "j2", prompt: "no amount", cost: "0E-7" },
      { ...good, id: "j3", prompt: "damaged", images: null },
      good,
    ]);
    const prompts = ui(view)
      .getAllByRole("article")
      .map((each) => each.getAttribute("aria-label"));
    expect(prompts).toEqual(["no amount", "a red fox in snow"]);
  });

  it("are dismissed, and focus stays inside", async () => {
    const view = await withJobs([card("job_completed")]);
    const dismiss = button(view, "Dismiss");
    dismiss.focus();
    await click(dismiss);
    expect(view.model.last("forget").job_id).toBe("j1");
    expect(ui(view).queryByRole("article")).toBeNull();
    await act(async () => {});
    expect(view.root.contains(document.activeElement)).toBe(true);
  });

  it("are as large as their number and the density say", async () => {
    const one = { ...card("job_completed"), images: card("job_completed").images.slice(0, 1) };
    const jobs = [1, 2, 3, 4, 5].map((number) => ({ ...one, id: `j${number}` }));
    const few = await withJobs(jobs.slice(0, 4));
    const fill = (view: typeof few) =>
      view.root.querySelector(".sd-stage")?.getAttribute("data-fill");
    expect(fill(few)).toBe("few");
    const many = await withJobs(jobs);
    expect(fill(many)).toBe("many");
    await click(button(many, "Medium"));
    expect(fill(many)).toBe("large");
    await click(button(many, "Large"));
    expect(fill(many)).toBe("small");
    await click(button(many, "Small"));
    expect(fill(many)).toBe("many");
  });

  it("tell how many run, and bring the first of them into sight", async () => {
    const running = card("job_in_progress");
    const view = await withJobs([card("job_completed"), { ...running, id: "j7" }]);
    await click(button(view, "1 running"));
    expect(document.activeElement?.getAttribute("aria-busy")).toBe("true");
    const job = { ...card("job_completed"), id: "j7" };
    await doing(() => view.model.say({ kind: "job", seq: 21, job }));
    expect(ui(view).queryByRole("button", { name: /running/ })).toBeNull();
  });

  it("have a dismissed card back by Undo, until the next request", async () => {
    const view = await withJobs([card("job_completed")]);
    const undo = () => ui(view).queryByRole("button", { name: "Undo" });
    await click(button(view, "Dismiss"));
    expect(view.root.querySelector(".sd-stage")?.textContent).toContain(
      "Dismissed: a red fox in snow",
    );
    await click(undo() as Element);
    expect(view.model.last("show_again").job_id).toBe("j1");
    expect(ui(view).getByRole("article")).toBeTruthy();
    expect(undo()).toBeNull();
    await click(button(view, "Dismiss"));
    await type(prompt(view), "a fox");
    await click(button(view, /^Generate/));
    expect(undo()).toBeNull();
  });

  it("go at once when dismissed, and come back where the kernel refuses", async () => {
    const view = await withJobs([card("job_completed")]);
    view.model.onSend = () => undefined;
    await click(button(view, "Dismiss"));
    expect(ui(view).queryByRole("article")).toBeNull();
    await doing(() => view.model.refuse(view.model.last("forget"), "the disk is full"));
    expect(ui(view).getByRole("article")).toBeTruthy();
    expect(ui(view).getByRole("alert").textContent).toContain("the disk is full");
  });

  it("of earlier come by a press, unannounced", async () => {
    const model = new FakeModel();
    model.onSend = ({ kind }) => {
      const job = card("job_completed");
      if (kind === "sync") return synced(20, [{ ...job, place: 9 }], { next: 9 });
      return kind === "older"
        ? { jobs: [{ ...job, id: "j0", prompt: "older" }], next: null }
        : undefined;
    };
    const view = await mount({}, model);
    await click(button(view, "Show older pictures"));
    expect(model.last("older").before).toBe(9);
    expect(ui(view).getAllByRole("article")[1]?.getAttribute("aria-label")).toBe("older");
    expect(ui(view).queryByRole("button", { name: "Show older pictures" })).toBeNull();
    expect(ui(view).getByRole("status").textContent).toBe("");
  });

  it("are told once for each change of state", async () => {
    const view = await withJobs([card("job_in_progress")]);
    const status = ui(view).getByRole("status");
    expect(status.textContent).toBe("");
    const job = { ...card("job_in_progress"), text: "Still generating" };
    await doing(() => view.model.say({ kind: "job", seq: 21, job }));
    expect(status.textContent).toBe("");
    const done = { ...card("job_completed") };
    await doing(() => view.model.say({ kind: "job", seq: 22, job: done }));
    expect(status.textContent).toBe("a red fox in snow: Completed");
  });

  it("show untrusted text as text", async () => {
    const evil = "<img src=x onerror=alert(1)><b>bold</b>";
    const job = {
      ...card("job_failed"),
      prompt: evil,
      text: evil,
      error: { message: evil, field: null },
    };
    const view = await withJobs([job, { ...card("job_in_progress"), id: "j9", log: evil }]);
    expect(view.root.querySelectorAll("img, .sd-job b")).toHaveLength(0);
    expect(view.root.textContent).toContain(evil);
  });

  it("save the original", async () => {
    const view = await withJobs([card("job_completed")]);
    view.model.onSend = () => undefined;
    const links: HTMLAnchorElement[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      links.push(this);
    });
    await click(button(view, "Save image 1 of 2"));
    const { result } = message<{ result: Record<string, unknown> }>("reply_original");
    const sent = view.model.last("original");
    await doing(() => view.model.reply(sent, result, [new DataView(new ArrayBuffer(4))]));
    expect(links.map((link) => link.download)).toEqual(["a-red-fox-in-snow-1.png"]);
  });
});
