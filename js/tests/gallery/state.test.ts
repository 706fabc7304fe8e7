import { afterEach, describe, expect, it } from "vitest";
import { FakeModel, initialTraits, message } from "../fake";
import { answerAll, mount, unmountAll } from "../mount";
import { button, click, doing, ui } from "../ui";

afterEach(unmountAll);

/** A library of seven pictures; `_search` is what the last studio was searched for. */
async function opened(_search: unknown) {
  const model = new FakeModel({ ...initialTraits(), _search });
  const { result } = message<{ result: object }>("reply_browse");
  const seven = { ...result, total: 7 };
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

  it("follows keys that come faster than it is drawn", async () => {
    for (const side of ["clientWidth", "clientHeight"]) {
      Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 800 });
    }
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
