/** Files on their way to the kernel: one is sent while those before it are still being checked. */
import { createRoom } from "./room";
import { type Transfer, transfer } from "./transfer";

/** Two that are checked and one that arrives: the kernel never holds the bytes of more. */
export const IN_KERNEL = 3;

export interface Passenger extends Transfer {
  /** Every byte is there; resolves once the kernel has checked them, or rejects. */
  checked(): Promise<void>;
}

/** The answer sends one file; who asks first is the first reference. */
export function createLine(): (job: Passenger) => Promise<void> {
  const [kernel, wire] = [createRoom(IN_KERNEL), createRoom(1)];

  return async (job) => {
    const leaveKernel = await kernel(job.signal);
    try {
      const leaveWire = await wire(job.signal);
      await transfer(job).finally(leaveWire);
      await job.checked();
    } finally {
      leaveKernel();
    }
  };
}
