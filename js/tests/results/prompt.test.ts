import { expect, it } from "vitest";
import { splitPrompt } from "../../src/results/prompt";

const LIKE = "a lighthouse on a cliff above the sea, in the manner of";

it.each([
  ["from where it differs", `${LIKE} ink and wash`, `${LIKE} oil`, [LIKE, " ink and wash"]],
  ["from the word in which it differs", `${LIKE} inks`, `${LIKE} ink`, [LIKE, " inks"]],
  ["near its end where it differs early", `an owl, ${LIKE} ink`, `a fox, ${LIKE} ink`, null],
  ["near its end where it is the same", `${LIKE} ink`, `${LIKE} ink`, null],
  ["near its end where it is alone", `${LIKE} ink`, undefined, null],
  ["of one word alone", "lighthouse", undefined, ["lighthouse", ""]],
  ["of no spaces at all", "灯台".repeat(40), "灯台".repeat(39), ["灯台".repeat(40), ""]],
  ["in one line", "a fox\n\n  in   snow ", "an owl", ["a", " fox in snow"]],
  ["of nothing", " ", undefined, ["", ""]],
])("a prompt is shown in two parts, the second %s", (_, prompt, beside, expected) => {
  const [head, tail] = splitPrompt(prompt, beside);
  expect(head + tail).toBe(prompt.trim().replace(/\s+/g, " "));
  if (expected) expect([head, tail]).toEqual(expected);
  else expect(tail.length).toBeLessThan(18);
});
