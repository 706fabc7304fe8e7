/** Where a prompt names its reference images: "image 2", counted from 1. */

const MENTION = /\b(?:image|figure|img|picture)\s*#?(\d{1,2})\b(?![:.×x]\d)|图 ?(\d{1,2})(?!\d)/gi;

/** Without references, "figure 8", "picture 3" and "image 2 of 4" refer to no input. */
const MEANT =
  /\b(?:image|img)\s*#?(\d{1,2})\b(?![:.×x]\d|\s*:|\s*(?:\/|of)\s*\d)|图 ?(\d{1,2})(?!\d|\s*[::])/gi;

/** Quoted text is to be written into the picture. */
const WRITTEN = /"[^"]*"|“[^”]*”/g;

interface Mention {
  number: number;
  from: number;
  to: number;
}

export const mentions = (prompt: string): Mention[] =>
  [...prompt.matchAll(MENTION)].map((match) => ({
    number: Number(match[1] ?? match[2]),
    from: match.index,
    to: match.index + match[0].length,
  }));

/** Numbers of the images that a prompt names and that are not among its references. */
export const misnamed = (prompt: string, references: number): number[] =>
  [...prompt.replace(WRITTEN, " ").matchAll(references ? MENTION : MEANT)]
    .map((match) => Number(match[1] ?? match[2]))
    .filter((number) => number < 1 || number > references);

/** The image that the caret stands in or beside the name of; 0 for none. */
export const mentionAt = (prompt: string, caret: number): number =>
  mentions(prompt).find(({ from, to }) => from <= caret && caret <= to)?.number ?? 0;

/** The prompt renumbered after images moved; removed ones are marked. */
export const renumbered = (prompt: string, before: string[], after: string[]): string =>
  prompt.replace(MENTION, (text, one, other) => {
    const id = before[Number(one ?? other) - 1];
    if (id === undefined) return text;
    const place = after.indexOf(id);
    return place < 0 ? "[removed image]" : text.replace(/\d+/, `${place + 1}`);
  });

/** What was typed from "@" to the caret, where that asks for the list of images. */
export function askedFor(text: string, caret: number): { from: number; word: string } | null {
  const match = /(?:^|[\s([{,;:“"'])@([\p{L}\d]{0,20})$/u.exec(text.slice(0, caret));
  const word = match?.[1];
  return word === undefined ? null : { from: caret - word.length - 1, word: word.toLowerCase() };
}
