import { waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it } from "vitest";
import { FakeModel, initialTraits, message } from "../fake";
import { answerAll, mount, unmountAll } from "../mount";
import { button, click, doing, press, ui } from "../ui";

afterEach(unmountAll);
// happy-dom lays nothing out.
for (const side of ["clientWidth", "clientHeight"]) {
  Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 800 });
}

/** A library of seven pictures, or more; `_search` is what the last studio was searched for. */
async function opened(_search: unknown, total = 7) {
  const model = new FakeModel({ ...initialTraits(), _search });
  const { result } = message<{ result: object }>("reply_browse");
  const seven = { ...result, total, days: [["2026-11-28", total, "0.27"]] };
  model.onSend = (sent) => (sent.kind === "browse" ? seven : answerAll()(sent));
  const view = await mount({}, model);
  await doing(() => {});
  return view;
}

describe("a gallery", () => {
  it("goes on with what the last one was searched for, and says so while it is closed", async () => {
    const view = await opened({ query: "fox", filters: { favourite: true, rating: 3 } });
    expect(view.model.of("browse")[0]).toMatchObject({
      query: "fox",
      filters: { favourite: true, rating: 3 },
    });
    expect(view.root.querySelector(".sd-strip")?.textContent).toContain("7 pictures found");
    await click(button(view, "Gallery"));
    expect(ui(view).getByRole("searchbox")).toHaveProperty("value", "fox");
    const favourites = button(view, "★ Favourites");
    expect(favourites.getAttribute("aria-pressed")).toBe("true");
    expect(button(view, "More…").getAttribute("aria-expanded")).toBe("true");
  });

  it.each([[undefined], [{}], [{ query: 7, filters: [] }], [{ query: "", filters: { kind: {} } }]])(
    "begins with everything where %j was kept",
    async (kept) => {
      const view = await opened(kept);
      expect(view.model.of("browse")[0]).toMatchObject({ query: "", filters: {} });
      expect(view.root.querySelector(".sd-strip")?.textContent).not.toContain("found");
    },
  );

  it("says to which collection a picture was added, and gives the keyboard back", async () => {
    const view = await opened({});
    const { model } = view;
    await click(button(view, "Gallery"));
    await press(ui(view).getByRole("grid"), " ");
    await click(button(view, "Add to…"));
    await press(ui(view).getByLabelText("Collection", { selector: "input" }), "Escape");
    expect(document.activeElement).toBe(button(view, "Add to…"));
    await click(button(view, "Add to…"));
    const field = ui(view).getByLabelText("Collection", { selector: "input" });
    (field as HTMLInputElement).value = "Trip";
    const answered = model.onSend;
    model.onSend = (sent, buffers) =>
      sent.kind === "collect"
        ? message<{ result: Record<string, unknown> }>("reply_collect").result
        : answered(sent, buffers);
    await doing(() => field.closest("form")?.requestSubmit());
    expect(model.last("collect")).toMatchObject({ collection: "Trip" });
    expect(document.activeElement).toBe(button(view, "Add to…"));
    expect(ui(view).getByRole("toolbar").textContent).toContain("Added to Trip");
    await press(ui(view).getByRole("grid"), "ArrowRight");
    expect(ui(view).getByRole("toolbar").textContent).not.toContain("Added to Trip");
  });

  it("takes the last choice, also where an earlier one is answered after it", async () => {
    const view = await opened({}, 120);
    await click(button(view, "Gallery"));
    const grid = ui(view).getByRole("grid");
    view.model.onSend = () => undefined;
    await press(grid, "a", { ctrlKey: true });
    const asked = view.model.last("pick");
    await press(grid, "Home");
    expect(ui(view).getByRole("toolbar").textContent).toContain("1 selected");
    await doing(() => view.model.reply(asked, { image_ids: ["2f6c:0", "2f6c:1", "2f6c:2"] }));
    expect(ui(view).getByRole("toolbar").textContent).toContain("1 selected");
  });

  it("goes on with the keyboard at a picture after what was pressed went", async () => {
    const view = await opened({});
    await click(button(view, "Gallery"));
    await press(ui(view).getByRole("grid"), " ");
    const answered = view.model.onSend;
    view.model.onSend = (sent, buffers) =>
      sent.kind === "trash"
        ? message<{ result: Record<string, unknown> }>("reply_trash").result
        : answered(sent, buffers);
    button(view, /^Delete/).focus();
    await click(button(view, /^Delete/));
    expect(ui(view).queryByRole("toolbar")).toBeNull();
    const here = () => ui(view).getByRole("grid").querySelector("[tabindex='0']");
    await waitFor(() => expect(document.activeElement).toBe(here()));
    button(view, "Undo").focus();
    await click(button(view, "Undo"));
    await waitFor(() => expect(document.activeElement).toBe(here()));
  });

  it("follows keys that come faster than it is drawn", async () => {
    const view = await opened({});
    await click(button(view, "Gallery"));
    const grid = ui(view).getByRole("grid");
    await doing(() => {
      for (const key of ["Home", "ArrowRight", "ArrowRight", "ArrowRight"]) {
        grid.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      }
    });
    expect(grid.querySelector("[tabindex='0']")?.getAttribute("data-index")).toBe("3");
  });
});
