/** A limited number of slots; whoever asks first gets the next free one. */
export type TakeSlot = (signal: AbortSignal) => Promise<() => void>;

/** Each slot comes with a function that gives it back; calling it twice changes nothing. */
export function createSlots(places: number): TakeSlot {
  const queue: (() => void)[] = [];
  let free = places;

  function leave() {
    const next = queue.shift();
    if (next) next();
    else free += 1;
  }

  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const goOn = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        queue.splice(queue.indexOf(goOn), 1);
        reject(signal.reason);
      };
      queue.push(goOn);
      signal.addEventListener("abort", giveUp, { once: true });
    });

  return async (signal) => {
    signal.throwIfAborted();
    if (free > 0) free -= 1;
    else await turn(signal);
    let inside = true;
    const leaveOnce = () => {
      if (inside) leave();
      inside = false;
    };
    // The place may have come free by the very abort that ends this wait.
    if (signal.aborted) leaveOnce();
    signal.throwIfAborted();
    return leaveOnce;
  };
}
