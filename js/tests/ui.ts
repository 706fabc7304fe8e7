/** The studio by the names a screen reader hears, and what a user does with it. */

import { act, fireEvent, within } from "@testing-library/preact";
import { vi } from "vitest";
import type { Card } from "../src/kernel/wire";
import { FakeModel, initialTraits, message, settle } from "./fake";
import { answerAll, mount, type View } from "./mount";

export const ui = ({ root }: View) => within(root);
export const button = (view: View, name: string | RegExp) => ui(view).getByRole("button", { name });
export const field = (view: View, name: string) =>
  ui(view).getByRole("spinbutton", { name }) as HTMLInputElement;
export const prompt = (view: View) =>
  ui(view).getByRole("textbox", { name: "Prompt" }) as HTMLTextAreaElement;
export const doing = (what: () => unknown) =>
  act(async () => {
    what();
    await settle();
  });
export const type = (element: HTMLElement, value: string) =>
  doing(() => fireEvent.input(element, { target: { value } }));
export const press = (element: Element, key: string, keys: object = {}) =>
  doing(() => fireEvent.keyDown(element, { key, ...keys }));
export const click = (element: Element) => doing(() => fireEvent.click(element));
export const card = (name: string): Card => message<{ job: Card }>(name).job;
export const withJobs = (jobs: unknown[], traits = {}) => {
  const model = new FakeModel({ ...initialTraits(), ...traits });
  model.onSend = answerAll(jobs, 20);
  return mount({}, model);
};

export const reference = (id: string) => ({
  id,
  name: `${id}.png`,
  width: 8,
  height: 6,
  note: null,
});

/**
 * From now on events are made so many milliseconds later, all at the same moment: a gesture of
 * several presses is one on a slow machine, too.
 */
export function pass(time: number): void {
  const at = performance.now() + time;
  vi.spyOn(performance, "now").mockImplementation(() => at);
}
