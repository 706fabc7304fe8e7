import { useStore } from "../kernel/store";
import type { DropPlace } from "./drops";
import { useSession } from "./session";

/** Says what a drop would do, while files are dragged over the widget. */
export function DropHint({ place, children }: { place: DropPlace; children: string }) {
  const over = useStore(useSession().dropping);
  if (over === "shut") {
    return place === "references" ? <div class="sd-drop">Hold Shift to drop here</div> : null;
  }
  return over ? <div class={over === place ? "sd-drop sd-over" : "sd-drop"}>{children}</div> : null;
}
