/** A notebook of cells: what a key that leaves the widget does to it, and what a file keeps. */
import type { IOutput, MultilineString } from "@jupyterlab/nbformat";

export interface Keystroke {
  key: string;
  shiftKey: boolean;
  altKey: boolean;
  ctrlKey: boolean;
}

export interface Output {
  id: string;
  /** By which a kernel renews what it shows. */
  displayId: string | undefined;
  content: IOutput;
}

export interface Cell {
  id: string;
  kind: "code" | "markdown";
  source: string;
  outputs: Output[];
}

let count = 0;
export const newCell = (source = "", id = `n${count++}`): Cell => ({
  id,
  kind: "code",
  source,
  outputs: [],
});

const joined = (text: MultilineString): string => (Array.isArray(text) ? text.join("") : text);

function plain({ content: output }: Output): string {
  if (output.output_type === "stream") return joined(output.text as MultilineString);
  if (output.output_type === "error") return `${output.ename}: ${output.evalue}`;
  const data = output.data as Record<string, MultilineString>;
  return joined(data["text/plain"] ?? "");
}

/** What a cell printed, returned or raised. */
export const textOf = (cell: Cell): string => cell.outputs.map(plain).join("");

/** A command that a key of the notebook gives, if it gives one. */
export type Command =
  | "above"
  | "below"
  | "delete"
  | "cut"
  | "markdown"
  | "code"
  | "run"
  | "edit"
  | "save"
  | "palette";

const LETTERS: Record<string, Command> = {
  a: "above",
  b: "below",
  x: "cut",
  m: "markdown",
  y: "code",
  Delete: "delete",
};

/** Keys come one by one; two of `d` delete. */
export function createKeymap(): (stroke: Keystroke) => Command | undefined {
  let last = "";
  return ({ key, shiftKey, altKey, ctrlKey }) => {
    const before = last;
    last = key;
    if (ctrlKey && key === "s") return "save";
    if (key === "F1") return "palette";
    if (key === "Enter") return shiftKey || altKey || ctrlKey ? "run" : "edit";
    if (shiftKey || altKey || ctrlKey) return undefined;
    if (key === "d" && before === "d") return "delete";
    return LETTERS[key];
  };
}

/** Change the cells as a command says; the cell it is about is at an index. */
export function apply(command: Command, cells: Cell[], at: number): void {
  const cell = cells[at];
  if (command === "above") cells.splice(at, 0, newCell());
  if (command === "below") cells.splice(at + 1, 0, newCell());
  if (command === "delete" || command === "cut") cells.splice(at, 1);
  if (cell && (command === "markdown" || command === "code")) cell.kind = command;
}
