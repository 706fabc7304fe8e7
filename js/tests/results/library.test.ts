import { act, fireEvent } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeModel, initialTraits, message, type Sent, synced } from "../fake";
import { answerAll, mount, unmountAll } from "../mount";
import { button, card, click, doing, prompt, reference, type, ui, withJobs } from "../ui";

afterEach(unmountAll);

const withWaiting = (waiting: number) => {
  const model = new FakeModel(initialTraits());
  model.onSend = (sent: Sent) => {
    if (sent.kind === "sync") return synced(0, [], { waiting });
    return sent.kind === "resume" ? undefined : answerAll()(sent);
  };
  return mount({}, model);
};
const fetchButton = (view: Awaited<ReturnType<typeof mount>>) =>
  ui(view).queryByRole("button", { name: "Fetch" });

describe("requests from before", () => {
  it("are told quietly, and fetched", async () => {
    const view = await withWaiting(2);
    expect(view.root.textContent).toContain("2 requests from before are kept.");
    await click(button(view, "Fetch"));
    expect(fetchButton(view)).toBeNull();
    const syncs = view.model.of("sync").length;
    await doing(() => view.model.reply(view.model.last("resume"), { jobs: 2 }));
    expect(view.model.of("sync")).toHaveLength(syncs + 1);
  });

  it("are told again when they can't be fetched", async () => {
    const view = await withWaiting(1);
    await click(button(view, "Fetch"));
    await doing(() => view.model.refuse(view.model.last("resume"), "set FAL_KEY first"));
    expect(ui(view).getByRole("alert").textContent).toBe("set FAL_KEY first");
    expect(view.root.textContent).toContain("1 request from before is kept.");
  });

  it("do not upset the clock: their cards are old, not from elsewhere", async () => {
    vi.useFakeTimers({ now: card("job_in_progress").created });
    const view = await withWaiting(1);
    await click(button(view, "Fetch"));
    const old = { ...card("job_in_progress"), created: Date.now() - 65_000 };
    await doing(() => view.model.say({ kind: "job", seq: 1, job: old }));
    expect(view.root.textContent).toContain("1:05");
  });

  it("are not spoken of when there are none", async () => {
    expect(fetchButton(await withWaiting(0))).toBeNull();
  });
});

describe("a card", () => {
  it("says when it came from the library, and what the disk did", async () => {
    const view = await withJobs([card("job_cached")]);
    expect(view.root.textContent).toContain("seed 7 · 2304×1728 · from your library · $0.00");
    expect(view.root.textContent).not.toContain("0.0 s");
    expect(view.root.textContent).toContain("No space left on device");
  });

  it("says after a kill that its request is kept, and how to have it back", async () => {
    const view = await withJobs([card("job_in_progress")]);
    await act(async () => void (await new Promise((done) => setTimeout(done, 200))));
    view.model.dead = true;
    await doing(() => view.model.emit("comm_live_update"));
    const article = ui(view).getByRole("article");
    expect(article.textContent).toContain("Interrupted");
    expect(article.textContent).toContain(
      "This request is kept. Run the cell again and press Fetch, or call sd.resume()",
    );
    const offline = await withJobs([{ ...card("job_in_progress"), offline: true }]);
    await act(async () => void (await new Promise((done) => setTimeout(done, 200))));
    offline.model.dead = true;
    await doing(() => offline.model.emit("comm_live_update"));
    expect(ui(offline).getByRole("article").textContent).toContain("drawn offline and is not kept");
  });

  it("gives its request as code, to the clipboard", async () => {
    const view = await withJobs([card("job_completed")]);
    const { result } = message<{ result: { code: string } }>("reply_code");
    view.model.onSend = () => result;
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    await click(button(view, "Copy as code"));
    expect(view.model.last("code").job_id).toBe("j1");
    expect(write).toHaveBeenCalledWith(result.code);
    expect(ui(view).getByRole("status").textContent).toBe("Code copied");
    expect(button(view, "Copy as code").textContent).toBe("Copied");
    expect(ui(view).queryByRole("textbox", { name: "Code" })).toBeNull();
  });

  it("shows the code selected where the host keeps the clipboard shut", async () => {
    const view = await withJobs([card("job_completed")]);
    const { result } = message<{ result: { code: string } }>("reply_code");
    view.model.onSend = () => result;
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("NotAllowedError"));
    await click(button(view, "Copy as code"));
    const area = ui(view).getByRole("textbox", { name: "Code" }) as HTMLTextAreaElement;
    expect(area.value).toBe(result.code.trimEnd());
    expect(area.selectionEnd).toBe(area.value.length);
    expect(document.activeElement).toBe(area);
    await click(button(view, "Copy as code"));
    expect(ui(view).queryByRole("textbox", { name: "Code" })).toBeNull();
  });

  it("that a click joins comes to the front, for a moment marked", async () => {
    vi.useFakeTimers();
    const two = [
      { ...card("job_in_progress"), id: "j9", prompt: "newer" },
      card("job_in_progress"),
    ];
    const view = await withJobs(two, { prompt: "a fox" });
    view.model.onSend = (sent) =>
      sent.kind === "submit" ? { job_id: "j1" } : answerAll(two, 20)(sent);
    await click(button(view, /^Generate/));
    const job = { ...card("job_in_progress"), place: 2 };
    await act(async () => view.model.say({ kind: "job", seq: 21, job }));
    await act(async () => void (await vi.advanceTimersByTimeAsync(1000)));
    const [first, ...rest] = ui(view).getAllByRole("article");
    expect(first?.getAttribute("aria-label")).toBe("a red fox in snow");
    expect(first?.className).toContain("sd-joined");
    expect(rest).toHaveLength(1);
    await act(async () => void vi.advanceTimersByTime(2000));
    expect(first?.className).not.toContain("sd-joined");
  });
});

describe("money", () => {
  it("is told as the kernel says it, where there is anything to tell", async () => {
    const view = await mount({ _money: "Spent $0.06 of $5.00 today" });
    expect(view.root.textContent).toContain("Spent $0.06 of $5.00 today");
    await act(async () => view.model.set("_money", ""));
    expect(view.root.textContent).not.toContain("Spent");
  });

  it("that is refused is said at the button", async () => {
    const view = await mount({ prompt: "a fox" });
    view.model.onSend = () => undefined;
    await click(button(view, /^Generate/));
    await doing(() => view.model.refuse(view.model.last("submit"), "raise it with sd.budget"));
    const error = ui(view).getByText("raise it with sd.budget");
    expect(error.parentElement?.contains(button(view, /^Generate/))).toBe(true);
  });

  it("is dated where the price is not today's", async () => {
    const view = await mount();
    expect(button(view, /^Generate/).textContent).toContain("price of 2026");
    const facts = message<{
      models: { endpoints: Record<string, { price: { age: string } }> }[];
    }>("facts");
    for (const model of facts.models) {
      for (const endpoint of Object.values(model.endpoints)) endpoint.price.age = "";
    }
    await act(async () => view.model.set("_facts", facts));
    expect(button(view, /^Generate/).textContent).not.toContain("price of");
  });
});

describe("a saved file on the prompt", () => {
  const file = () => new File(["four"], "fox.png", { type: "image/png" });

  async function dropped(files = [file()], traits = {}) {
    const view = await mount(traits);
    view.model.onSend = ({ kind }) => (kind === "sync" ? undefined : { received: 4 });
    const event = new Event("drop", { bubbles: true, cancelable: true });
    Object.assign(event, { dataTransfer: { types: ["Files"], files, dropEffect: "none" } });
    await doing(() => prompt(view).dispatchEvent(event));
    await act(async () => {});
    return view;
  }

  it("is announced as such, without a reference tile", async () => {
    const view = await dropped();
    const { id: _id, ...wanted } = message("upload_restore");
    expect(view.model.last("upload")).toMatchObject({
      ...wanted,
      upload_id: expect.any(String),
      size: 4,
    });
    expect(view.root.querySelectorAll(".sd-ref")).toHaveLength(0);
    expect(view.root.textContent).toContain("Reading fox.png");
  });

  it("is no reference, so ten of them do not stand in its way", async () => {
    const ten = Array.from({ length: 10 }, (_, n) => ({
      ...reference("r"),
      id: `r${n}`,
    }));
    const view = await dropped([file(), file()], { _references: ten });
    expect(view.model.of("upload")).toHaveLength(1);
    expect(view.root.textContent).not.toContain("remove one first");
  });

  it("tells what is missing at the references", async () => {
    const view = await dropped();
    const { upload_id } = view.model.last("upload");
    await doing(() => view.model.say({ ...message<object>("restored"), upload_id }));
    await act(async () => {});
    expect(view.root.textContent).not.toContain("Reading fox.png");
    expect(view.root.textContent).toContain("Not in this library: image 1 (fox.png).");
    expect(ui(view).getByRole("status").textContent).toBe("That request is in the form again");
  });

  it("without a receipt is told at the prompt", async () => {
    const view = await dropped();
    const { upload_id } = view.model.last("upload");
    const error = "no receipt in this file";
    await doing(() => view.model.say({ kind: "upload_failed", upload_id, message: error }));
    await act(async () => {});
    const id = prompt(view).getAttribute("aria-describedby") ?? "";
    expect(view.root.querySelector(`#${id}`)?.textContent).toBe(error);
    expect(view.root.querySelectorAll(".sd-ref")).toHaveLength(0);
    await type(prompt(view), "a fox");
    expect(view.root.textContent).not.toContain(error);
    expect(view.root.textContent).not.toContain("Reading fox.png");
  });

  it("that is empty or no image is refused there too", async () => {
    const empty = new File([], "empty.png", { type: "image/png" });
    expect((await dropped([empty])).root.textContent).toContain("empty.png is empty.");
    const notes = new File(["x"], "notes.txt", { type: "text/plain" });
    const view = await dropped([notes]);
    expect(prompt(view).getAttribute("aria-invalid")).toBe("true");
    expect(view.model.of("upload")).toHaveLength(0);
  });

  it("can be chosen too, for who can't drop", async () => {
    const view = await mount();
    view.model.onSend = () => undefined;
    const input = button(view, "Restore from file…").nextElementSibling as HTMLInputElement;
    const opened = vi.spyOn(input, "click");
    await click(button(view, "Restore from file…"));
    expect(opened).toHaveBeenCalledOnce();
    Object.defineProperty(input, "files", { value: [file()], configurable: true });
    await doing(() => fireEvent.change(input));
    expect(view.model.last("upload")).toMatchObject({ name: "fox.png", purpose: "restore" });
  });

  it("has its own place while files are dragged", async () => {
    const view = await mount();
    const event = new Event("dragover", { bubbles: true, cancelable: true });
    Object.assign(event, { dataTransfer: { types: ["Files"], files: [], dropEffect: "none" } });
    await doing(() => prompt(view).dispatchEvent(event));
    const hint = ui(view).getByText("Drop to restore its settings");
    expect(hint.className).toContain("sd-over");
    expect(ui(view).getByText("Drop to add as reference images").className).not.toContain(
      "sd-over",
    );
  });
});
