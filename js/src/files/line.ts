/** Files on their way to the kernel: one is sent while those before it are still being checked. */
import { createRoom, type Enter } from "./room";
import { announce, type Transfer, transfer, WINDOW } from "./transfer";

/** Two that are checked and one that arrives: the kernel never holds the bytes of more. */
export const IN_KERNEL = 3;

export interface Passenger extends Transfer {
  onStart(): void;
  /** Every byte is there; resolves once the kernel has checked them, or rejects. */
  checked(): Promise<void>;
}

/** The answer sends one file; who asks first is the first reference. */
export function createLine(): (job: Passenger) => Promise<void> {
  const [next, kernel, wire] = [createRoom(1), createRoom(IN_KERNEL), createRoom(1)];
  const window = createRoom(WINDOW);
  let before: Promise<unknown> = Promise.resolve();

  return async (job) => {
    const held: (() => void)[] = [];
    const enter = async (room: Enter) => {
      const leave = await room(job.signal);
      held.push(leave);
      return leave;
    };
    try {
      const letNextBeAnnounced = await enter(next);
      const received = await announce(job);
      await enter(kernel);
      letNextBeAnnounced();
      const onSent = await enter(wire);
      job.onStart();
      const whole = transfer(job, received, { window, before, onSent });
      before = Promise.allSettled([before, whole]);
      await whole;
      await job.checked();
    } finally {
      for (const leave of held) leave();
    }
  };
}
