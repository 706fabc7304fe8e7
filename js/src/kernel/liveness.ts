/** Finds out whether the studio is still in the kernel: not every host tells of a restart. */

import type { AnyModel } from "@anywidget/types";
import { watch } from "./page";

const GRACE = 1000;
const QUESTIONS = 2;
/** Answered at once by any studio, and changes nothing: there is no such upload. */
const QUESTION = { kind: "abandon", upload_id: "none" } as const;

export interface LivenessCheck {
  /** Ask whether somebody is there; a busy kernel is waited for, however long. */
  start(): void;
  /** Stop: the kernel has answered something. */
  stop(): void;
}

/** `onGone` is called once the kernel has handled two questions and answered neither. */
export function createLivenessCheck(
  model: AnyModel,
  view: string,
  onGone: () => void,
): LivenessCheck {
  let round = 0;
  let open = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function ask(left: number) {
    const mine = ++round;
    let handled = false;
    const status = ({ content }: { content: { execution_state: string } }) => {
      if (content.execution_state !== "idle" || mine !== round || handled) return;
      handled = true;
      timer = setTimeout(() => (left > 1 ? ask(left - 1) : onGone()), GRACE);
    };
    // marimo calls its callbacks, Jupyter looks into them.
    const callbacks = Object.assign(() => {}, { iopub: { status } });
    try {
      model.send({ ...QUESTION, id: `${view}-alive` }, callbacks, []);
    } catch {
      onGone();
    }
  }

  return {
    start() {
      if (open) return;
      open = true;
      ask(QUESTIONS);
    },
    stop() {
      clearTimeout(timer);
      round += 1;
      open = false;
    },
  };
}

/** Jupyter's views carry it while their model has no way to the kernel, as one from a file. */
const CUT_OFF = "jupyter-widgets-disconnected";

/** Tell when a view is without a kernel, from the start or from then on. */
export function followConnection(el: HTMLElement, onCutOff: () => void, ended: AbortSignal): void {
  const look = () => {
    if (el.classList.contains(CUT_OFF)) onCutOff();
  };
  watch([el], { attributeFilter: ["class"] }, look, ended);
}
