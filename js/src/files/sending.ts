/** Sends files to the kernel: the next one goes out while those before it are still checked. */
import { createSlots } from "./slots";
import { type Transfer, transfer } from "./transfer";

/** Two that are checked and one that arrives: the kernel never holds the bytes of more. */
export const IN_KERNEL = 3;

export interface PendingUpload extends Transfer {
  /** Every byte is there; resolves once the kernel has checked them, or rejects. */
  checked(): Promise<void>;
}

/** Sends one file at a time; files become references in the order of the calls. */
export function createSender(): (job: PendingUpload) => Promise<void> {
  const [kernel, wire] = [createSlots(IN_KERNEL), createSlots(1)];

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
