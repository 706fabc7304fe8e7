import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { message } from "../fake";
import { mount, unmountAll, type View } from "../mount";

afterEach(unmountAll);

const spent = "Spent this session $0.03";
const pill = ({ root }: View) => root.querySelector("details.sd-ledger") as HTMLDetailsElement;

async function opened() {
  const view = await mount({ _money: spent });
  const details = pill(view);
  details.open = true;
  fireEvent(details, new Event("toggle"));
  await waitFor(() => expect(view.model.of("ledger")).toHaveLength(1));
  return view;
}

it("is asked for by a click on the money, and again when the money changed", async () => {
  const view = await mount({ _money: spent });
  expect(view.model.of("ledger")).toHaveLength(0);
  const { model } = await opened();
  model.set("_money", "Spent this session $0.06");
  await waitFor(() => expect(model.of("ledger")).toHaveLength(2));
});

it("shows the sums, the limits and the last requests", async () => {
  const view = await opened();
  const { result } = message<{ result: Record<string, unknown> }>("reply_ledger");
  view.model.onSend = ({ kind }) => (kind === "ledger" ? result : {});
  view.model.set("_money", "Spent this session $0.06");
  await waitFor(() => expect(pill(view).textContent).toContain("a red fox in snow"));
  expect(pill(view).textContent).toContain("This month, all kernels$0.03 of $5.00");
  fireEvent.keyDown(pill(view), { key: "Escape" });
  await waitFor(() => expect(pill(view).open).toBe(false));
});

it.each([
  ["a press elsewhere", () => fireEvent.pointerDown(document.body)],
  ["the focus elsewhere", (view: View) => view.root.querySelector("textarea")?.focus()],
])("closes at %s, and not at a press within", async (_, leave) => {
  const view = await opened();
  const within = pill(view).querySelector(".sd-menu") as HTMLElement;
  fireEvent.pointerDown(within);
  await waitFor(() => expect(document.activeElement?.tagName).toBe("SUMMARY"));
  expect(pill(view).open).toBe(true);
  leave(view);
  await waitFor(() => expect(pill(view).open).toBe(false));
});

it("says the kernel's sentence where it can't tell", async () => {
  const view = await mount({ _money: spent });
  view.model.onSend = () => undefined;
  const details = pill(view);
  details.open = true;
  fireEvent(details, new Event("toggle"));
  await waitFor(() => expect(view.model.of("ledger")).toHaveLength(1));
  view.model.refuse(view.model.last("ledger"), "budget.json can't be read");
  await waitFor(() => expect(details.textContent).toContain("budget.json can't be read"));
});
