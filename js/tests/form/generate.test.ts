import { act, fireEvent } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { eventTime } from "../../src/controls/gesture";
import { FakeModel, initialTraits, message, synced } from "../fake";
import { answerAll, mount, unmountAll } from "../mount";
import {
  button,
  card,
  click,
  doing,
  pass,
  press,
  prompt,
  reference,
  type,
  ui,
  withJobs,
} from "../ui";

afterEach(unmountAll);

describe("Generate", () => {
  it("is not pressed by the rest of a gesture that began on something else", async () => {
    const view = await mount({ prompt: "a fox" });
    const at = { detail: 1, clientX: 40, clientY: 60 };
    const hit = (element: Element, where = at) => doing(() => fireEvent.click(element, where));
    pass(0);
    const go = button(view, /^Generate/);
    await hit(button(view, "Random seed"));
    await hit(go); // it lay under what the first half closed
    expect(fireEvent.keyDown(go, { key: "Enter", repeat: true })).toBe(false);
    expect(view.model.of("submit")).toEqual([]);
    await hit(button(view, "Random seed"));
    await hit(go, { ...at, clientY: 90 }); // a hand that went there
    expect(view.model.of("submit")).toHaveLength(1);
  });

  it("takes a double click for one press, however late a busy page handles its second half", async () => {
    const view = await mount({ prompt: "a fox" });
    const go = button(view, /^Generate/);
    const [first, second] = [0, 1].map(() => new MouseEvent("click", { bubbles: true }));
    const handle = (event?: Event) => {
      vi.stubGlobal("event", event); // as browsers do while they dispatch it
      return doing(() => event && go.dispatchEvent(event));
    };
    await handle(first);
    pass(1500);
    await handle(second);
    vi.unstubAllGlobals();
    expect(view.model.of("submit")).toHaveLength(1);
    await click(go);
    expect(view.model.of("submit")).toHaveLength(2);
  });

  it("sends the whole form from the page, debounced text included", async () => {
    const view = await mount({
      image_size: [2304, 1728],
      num_images: 2,
      _references: [reference("r1")],
    });
    await type(prompt(view), "a red fox in snow");
    await click(button(view, /^Generate/));
    expect(view.model.last("submit").form).toEqual(message<{ form: object }>("submit").form);
    expect(view.model.get("prompt")).toBe("a red fox in snow");
  });

  it("says what it costs, or that it is free", async () => {
    const view = await mount({ num_images: 2 });
    expect(button(view, /^Generate/).textContent).toContain(
      "2 images · about $0.06 · price of 2026",
    );
    const facts = structuredClone(
      view.model.get("_facts") as {
        models: { endpoints: Record<string, { price: { age: string } }> }[];
      },
    );
    for (const model of facts.models) {
      for (const endpoint of Object.values(model.endpoints)) endpoint.price.age = "";
    }
    await act(async () => view.model.set("_facts", facts));
    expect(button(view, /^Generate/).textContent).toMatch(/about \$0\.06$/);
    await act(async () => {
      view.model.set("_backend", { name: "offline", label: "Offline preview", bills: false });
      view.model.set("max_images", 6);
    });
    expect(button(view, /^Generate/).textContent).toContain("2–12 images · free, offline");
    expect(ui(view).getByText("Offline preview")).toBeTruthy();
    expect(view.root.textContent).toContain("or call sd.login()");
  });

  it("is told where the kernel refuses the model, which has no place of its own", async () => {
    const view = await mount({ prompt: "a fox" });
    view.model.onSend = () => undefined;
    await click(button(view, /^Generate/));
    await doing(() => view.model.refuse(view.model.last("submit"), "no such model", "model"));
    const ids =
      button(view, /^Generate/)
        .getAttribute("aria-describedby")
        ?.split(" ") ?? [];
    const told = ids.map((id) => view.root.querySelector(`#${id}`)?.textContent);
    expect(told).toContain("no such model");
  });

  it("is pressed by Ctrl+Enter and Cmd+Enter, not by Enter", async () => {
    const view = await mount({ prompt: "a fox" });
    await press(prompt(view), "Enter");
    await press(prompt(view), "Enter", { shiftKey: true });
    expect(view.model.of("submit")).toHaveLength(0);
    await press(prompt(view), "Enter", { ctrlKey: true });
    await type(prompt(view), "an owl");
    await press(prompt(view), "Enter", { metaKey: true });
    expect(view.model.of("submit")).toHaveLength(2);
  });

  it("says why it is disabled and does nothing then", async () => {
    const view = await mount();
    const go = button(view, /^Generate/);
    expect(view.root.querySelector(`#${go.getAttribute("aria-describedby")}`)?.textContent).toBe(
      "Write a prompt first.",
    );
    await click(go);
    expect(view.model.of("submit")).toHaveLength(0);
  });

  it("sends one for a double click, and tells of a kernel that is busy", async () => {
    vi.useFakeTimers();
    const model = new FakeModel({ ...initialTraits(), prompt: "a fox" });
    model.onSend = ({ kind }) => (kind === "sync" ? synced(0, []) : undefined);
    const view = await mount({}, model);
    const go = button(view, /^Generate/);
    await click(go);
    await click(go);
    expect(model.of("submit")).toHaveLength(1);
    expect(go.textContent).toContain("Sending…");
    await doing(() => vi.advanceTimersByTime(1600));
    expect(go.textContent).toContain("Waiting for the kernel");
    await doing(() => model.reply(model.last("submit"), { job_id: "j1" }));
    expect(button(view, /^Generate/).textContent).toContain("Generate");
  });

  const fast = async () => {
    vi.useFakeTimers();
    const model = new FakeModel({ ...initialTraits(), prompt: "a fox", num_images: 2 });
    model.onSend = answerAll();
    const view = await mount({}, model);
    const wait = (time: number) => act(async () => void (await vi.advanceTimersByTimeAsync(time)));
    return { model, view, wait, go: () => button(view, /^Generate/) };
  };

  it("takes presses within a second of each other for one, though the kernel is fast", async () => {
    const { model, wait, go } = await fast();
    await click(go());
    expect(go().getAttribute("aria-label")).toMatch(/^Generate: Sent 2 images/);
    for (const gap of [120, 300, 300, 900]) {
      await wait(gap);
      await click(go());
    }
    expect(model.of("submit")).toHaveLength(1);
    await wait(1000);
    expect(go().textContent).toContain("Generate");
    await click(go());
    expect(model.of("submit")).toHaveLength(2);
  });

  it("is pressed once by a key that is held, in the prompt and on the button", async () => {
    const { model, view, wait, go } = await fast();
    await press(prompt(view), "Enter", { ctrlKey: true });
    for (let count = 0; count < 50; count += 1) {
      await wait(30);
      await press(prompt(view), "Enter", { ctrlKey: true, repeat: true });
    }
    expect(model.of("submit")).toHaveLength(1);
    const held = new KeyboardEvent("keydown", {
      key: "Enter",
      repeat: true,
      bubbles: true,
      cancelable: true,
    });
    go().dispatchEvent(held);
    expect(held.defaultPrevented).toBe(true);
  });

  it("brings the card of each press into sight, once the hand is done", async () => {
    const { model, view, wait, go } = await fast();
    const seen = vi.fn();
    HTMLElement.prototype.scrollIntoView = seen;
    model.onSend = (content) => {
      if (content.kind !== "submit") return answerAll()(content);
      const job = { ...card("job_in_progress"), id: `j${model.of("submit").length}` };
      model.say({ kind: "job", seq: model.of("submit").length, job });
      return { job_id: job.id };
    };
    await click(go());
    await wait(900);
    expect(seen).not.toHaveBeenCalled();
    await wait(200);
    expect(seen).toHaveBeenCalledTimes(1);
    await click(go());
    await wait(1100);
    expect(seen).toHaveBeenCalledTimes(2);
    expect(ui(view).getAllByRole("article")).toHaveLength(2);
  });

  it("tells what it was drawn under, and asks where that has changed", async () => {
    const { model, view, wait, go } = await fast();
    model.onSend = (content) => (content.kind === "submit" ? undefined : answerAll()(content));
    const asked = message<{ message: string; terms: object }>("error_terms");
    await act(async () =>
      model.set("_backend", { name: "offline", label: "Offline preview", bills: false }),
    );
    await click(go());
    expect(model.last("submit").terms).toEqual({ backend: "offline", bills: false, high: "0" });
    await doing(() => model.refuse(model.last("submit"), asked.message, "terms", asked.terms));
    expect(view.root.textContent).toContain(asked.message);
    await wait(120);
    await click(go());
    expect(model.of("submit"), "a double click is no answer").toHaveLength(1);
    await wait(1100);
    await click(go());
    expect(model.last("submit").terms).toEqual(asked.terms);
    expect(model.of("submit")).toHaveLength(2);
    await doing(() => model.refuse(model.last("submit"), asked.message, "terms", asked.terms));
    await type(prompt(view), "another fox");
    await click(go());
    expect(model.last("submit").terms).toEqual({ backend: "offline", bills: false, high: "0" });
  });

  it("tells the most that it may cost", async () => {
    const { model, go } = await fast();
    await act(async () => model.set("max_images", 3));
    await click(go());
    expect(model.last("submit").terms).toEqual({ backend: "fal", bills: true, high: "0.18" });
    expect(model.last("submit").pressed).toBe(eventTime());
  });

  it("gives a click up whose answer was lost, once a later question is answered", async () => {
    vi.useFakeTimers();
    const model = new FakeModel({ ...initialTraits(), prompt: "a fox" });
    model.onSend = ({ kind }) => (kind === "sync" ? synced(0, []) : undefined);
    const view = await mount({}, model);
    await click(button(view, /^Generate/));
    await act(async () => void (await vi.advanceTimersByTimeAsync(7000)));
    expect(view.root.textContent).toContain("The kernel did not answer.");
    expect(model.of("submit")).toHaveLength(1);
  });

  it("waits for a kernel that answers nothing, says so, and asks for no second click", async () => {
    vi.useFakeTimers();
    const view = await withJobs([card("job_in_progress")], { prompt: "a fox" });
    view.model.onSend = () => undefined;
    await click(button(view, /^Generate/));
    await click(button(view, "Cancel"));
    await act(async () => void (await vi.advanceTimersByTimeAsync(60_000)));
    expect(view.root.textContent).not.toContain("press Generate again");
    expect(button(view, /^Generate: Waiting for the kernel/)).toBeTruthy();
    expect(button(view, "Cancelling…")).toBeTruthy();
    const [onButton, onCard, ...more] = ui(view).getAllByText(/^The kernel is busy, or gone/);
    expect([onButton, onCard, ...more].map((each) => each?.className)).toEqual([
      "sd-banner sd-warn",
      "sd-hint",
      "sd-meta",
    ]);
    const said = ui(view).getByRole("alert").textContent;
    expect(said).toMatch(/no answer for 15 seconds.*run the cell again.*library.*press Fetch/);
    await doing(() => view.model.reply(view.model.last("submit"), { job_id: "j1" }));
    expect(ui(view).queryByText(/busy, or gone/)).toBeNull();
    expect(view.model.of("submit")).toHaveLength(1);
  });

  it("shows the kernel's refusal at its field, until that is edited", async () => {
    const view = await mount({ prompt: "a fox" });
    view.model.onSend = () => undefined;
    await click(button(view, /^Generate/));
    await doing(() => view.model.refuse(view.model.last("submit"), "too many words", "prompt"));
    const id = prompt(view).getAttribute("aria-describedby") ?? "";
    expect(view.root.querySelector(`#${id}`)?.textContent).toBe("too many words");
    await type(prompt(view), "fox");
    expect(view.root.textContent).not.toContain("too many words");
  });

  it("says that the kernel is gone", async () => {
    const view = await mount({ prompt: "a fox" });
    view.model.dead = true;
    await click(button(view, /^Generate/));
    expect(ui(view).getByRole("alert").textContent).toMatch(
      /^The kernel is gone. Run the cell again. .*library/,
    );
    expect(button(view, /^Generate/).getAttribute("aria-disabled")).toBe("true");
  });
});
