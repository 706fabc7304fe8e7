import { type Store, useStore } from "../kernel/store";
import { Link } from "./buttons";

/** What was done and can be undone, in words. */
export interface Undoable {
  words: string;
  undo(): void;
}

export function Undo({ of, class: style }: { of: Store<Undoable | null>; class: string }) {
  const done = useStore(of);
  if (!done) return null;
  return (
    <p class={style}>
      <span class="sd-undone">{done.words}</span>
      <Link onClick={done.undo}>Undo</Link>
    </p>
  );
}
