/** Prompts as a card shows them. */

/** Characters of a prompt's end that stay in sight, in the smallest card too. */
const END = 10;
/** Characters in common that make one prompt a variation of another. */
const ALIKE = 24;

/** A prompt in two parts, of which the first is cut where there is no room for all: the second
 * begins where it differs from `other`, as prompts of variations do late, else near its end. */
export function splitPrompt(prompt: string, other = ""): [string, string] {
  const words = prompt.trim().replace(/\s+/g, " ");
  const beside = other.trim().replace(/\s+/g, " ");
  let same = 0;
  while (same < words.length && words[same] === beside[same]) same += 1;
  const early = same < ALIKE || same === words.length;
  const at = words.lastIndexOf(" ", early ? words.length - END : same);
  // No word begins there: all of it is one part.
  return at < 0 ? [words, ""] : [words.slice(0, at), words.slice(at)];
}
