import { waitFor } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { FakeModel, initialTraits, message, type Sent } from "../fake";
import { answerAll, mount, unmountAll } from "../mount";
import { button, card, click, doing, press, ui } from "../ui";

afterEach(unmountAll);
// happy-dom lays nothing out.
for (const side of ["clientWidth", "clientHeight"]) {
  Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 800 });
}

const fox = card("job_completed");
const [first] = fox.images;
const receipt = message<{ result: Record<string, unknown> }>("reply_receipt").result;

/** Effects ask, and what is answered is drawn. */
const answered = () => doing(() => {});

/** A studio with one job of several pictures, whose kernel answers what the viewer asks. */
async function opened(nth = 0) {
  const model = new FakeModel(initialTraits());
  const answer = answerAll([fox], 20);
  model.onSend = (sent: Sent) => {
    if (sent.kind === "receipt") return receipt;
    if (sent.kind === "difference") {
      return { rows: [{ name: "Mean difference", text: "61.3 of 255" }] };
    }
    return sent.kind === "region" ? undefined : answer(sent);
  };
  const view = await mount({}, model);
  const tile = view.root.querySelectorAll<HTMLElement>(".sd-pick")[nth] as HTMLElement;
  tile.focus();
  await press(tile, "Enter");
  await answered();
  return { view, model, tile, dialog: ui(view).getByRole("dialog", { name: "Viewer" }) };
}
const said = (root: HTMLElement) => root.querySelector("[role=status]")?.textContent;

it("opens from a tile, selects it, says which it is, and has it decoded", async () => {
  const { view, model, dialog } = await opened();
  expect(dialog).toBe(document.activeElement);
  expect(model.traits.selected).toBe(first?.id);
  expect(said(view.root)).toBe(`Picture 1 of ${fox.images.length}: ${fox.prompt}`);
  expect(model.last("look").targets).toEqual([first?.id]);
  expect(dialog.textContent).toContain("a red fox in snow");
  expect((view.root.querySelector(".sd-body") as HTMLElement).inert).toBe(true);
});

it("gives the focus back, lets go of the picture, and the widget is in reach again", async () => {
  const { view, model, tile, dialog } = await opened(1);
  await press(dialog, "Escape");
  expect(ui(view).queryByRole("dialog")).toBeNull();
  expect(document.activeElement).toBe(tile);
  expect(model.last("look").targets).toEqual([]);
  expect((view.root.querySelector(".sd-body") as HTMLElement).inert).toBe(false);
});

it("steps by buttons and keys, and stays where it is at the end", async () => {
  const { view, dialog } = await opened();
  await click(button(view, "Next picture"));
  expect(said(view.root)).toMatch(/^Picture 2 of/);
  await press(dialog, "ArrowLeft");
  await press(dialog, "ArrowLeft");
  expect(said(view.root)).toMatch(/^Picture 1 of/);
});

it("stays with its picture when a job ends", async () => {
  const { view, model, dialog } = await opened();
  const job = { ...message<{ job: object }>("job_cached").job, id: "another" };
  await doing(() => model.say({ kind: "job", seq: 21, job }));
  expect(dialog.isConnected).toBe(true);
  expect(said(view.root)).not.toContain("Picture 2");
  expect(model.last("look").targets).toEqual([first?.id]);
});

it("keeps Tab inside", async () => {
  const { dialog } = await opened();
  const stops = [...dialog.querySelectorAll<HTMLElement>("button, [tabindex='0']")];
  stops.at(-1)?.focus();
  await press(stops.at(-1) as HTMLElement, "Tab");
  expect(document.activeElement).toBe(stops[0]);
  await press(stops[0] as HTMLElement, "Tab", { shiftKey: true });
  expect(document.activeElement).toBe(stops.at(-1));
});

it("compares, in every mode, and marks what differs", async () => {
  const { view, model, dialog } = await opened();
  await click(button(view, "Compare"));
  expect(model.last("look").targets).toEqual([first?.id, fox.images[1]?.id]);
  expect(said(view.root)).toMatch(/^A: .*\. B, picture 2 of/);
  const divider = ui(view).getByRole("slider", { name: "Divider" });
  await press(divider, "ArrowRight");
  expect(divider.getAttribute("aria-valuenow")).toBe("52");
  await press(divider, "Home");
  expect(divider.getAttribute("aria-valuenow")).toBe("0");
  await click(ui(view).getByRole("radio", { name: "Difference" }));
  expect(model.last("difference")).toMatchObject({ first: first?.id, unequal: "" });
  await answered();
  expect(dialog.textContent).toContain("61.3 of 255");
  await press(dialog, "c");
  expect(ui(view).queryByRole("radiogroup", { name: "Compare mode" })).toBeNull();
});

it("takes an input of the result as A by one key", async () => {
  const { view, model, dialog } = await opened();
  await press(dialog, "r");
  expect(model.last("look").targets).toEqual(["2f6c:0~0", first?.id]);
  expect(said(view.root)).toMatch(/^A: fox\.png\. B, picture 1/);
});

it("marks the winner, keeps it as A, and goes on", async () => {
  const { model, dialog } = await opened();
  await press(dialog, "c");
  await press(dialog, "2");
  expect(model.last("mark")).toMatchObject({ favourite: true });
  expect((model.last("look").targets as string[])[0]).toBe(fox.images[1]?.id);
});

it("shows the winner alone once it has met all", async () => {
  const { view, model, dialog } = await opened();
  await press(dialog, "c");
  for (const _ of fox.images) {
    expect(ui(view).queryByRole("radiogroup", { name: "Compare mode" })).toBeTruthy();
    await press(dialog, "1");
    await answered();
    if (!ui(view).queryByRole("radiogroup", { name: "Compare mode" })) break;
  }
  expect(model.last("look").targets).toEqual([first?.id]);
  expect(said(view.root)).toContain(`Picture: ${fox.prompt}`);
  await press(dialog, "Escape");
  expect(ui(view).queryByRole("dialog")).toBeNull();
});

it("says in its place why a picture can't be shown", async () => {
  const { model, dialog } = await opened();
  await waitFor(() => model.last("region"));
  await doing(() => model.refuse(model.last("region"), "The file is damaged."));
  expect(dialog.querySelector(".sd-unseen")?.textContent).toBe("The file is damaged.");
});

it("says it unblended of both that are compared", async () => {
  const { view, model, dialog } = await opened();
  await press(dialog, "c");
  await click(ui(view).getByRole("radio", { name: "Difference" }));
  await waitFor(() => expect(model.of("region").length).toBeGreaterThan(1));
  for (const sent of model.of("region")) {
    await doing(() => model.refuse(sent, `${sent.target} is damaged.`));
  }
  const told = [...dialog.querySelectorAll(".sd-unseen")];
  expect(told.map((each) => each.textContent)).toEqual(
    [first, fox.images[1]].map((image) => `${image?.id} is damaged.`),
  );
  expect(told.filter((each) => each.closest("[style*=blend]"))).toEqual([]);
});

it("asks for no more than what is seen, sharply", async () => {
  const { model } = await opened();
  await waitFor(() => model.last("region"));
  const { width, height } = first ?? {};
  expect(model.last("region")).toMatchObject({ left: 0, top: 0, width, height, to_width: 800 });
});

it("says of a picture that it was deleted, offers nothing to do with it, and goes on", async () => {
  const { view, model, dialog } = await opened();
  const edit = () => ui(view).queryByRole("button", { name: "Edit as image 1" });
  const isShut = () => button(view, "Compare").getAttribute("aria-disabled");
  const words = "This picture was deleted.";
  let deleted = first?.id;
  const { onSend } = model;
  model.onSend = (sent: Sent, buffers) => {
    if (sent.kind !== "receipt" || sent.target !== deleted) return onSend(sent, buffers);
    queueMicrotask(() => model.refuse(sent, words, "picture"));
    return undefined;
  };
  expect(edit()).not.toBeNull();
  await doing(() => model.say({ kind: "library" }));
  expect(dialog.querySelector(".sd-pane")?.textContent).toContain(words);
  expect(said(view.root)).toBe(words);
  expect([edit(), isShut()]).toEqual([null, "true"]);
  await press(dialog, "c");
  expect(ui(view).queryByRole("slider")).toBeNull();

  await click(button(view, "Next picture"));
  await answered();
  expect([edit() === null, isShut()]).toEqual([false, "false"]);
  await press(dialog, "c");
  await answered();
  expect(ui(view).queryByRole("button", { name: "Pick A (1)" }), "one was deleted").toBeNull();
  await press(dialog, "1");
  expect(model.of("mark")).toEqual([]);
  await press(dialog, "c");
  // Another kernel tells nobody of what it deletes or brings back.
  for (const [id, offered] of [
    ["", true],
    [first?.id, false],
  ] as const) {
    deleted = id;
    await doing(() => dialog.dispatchEvent(new MouseEvent("mouseenter")));
    expect(edit() !== null).toBe(offered);
  }
});
