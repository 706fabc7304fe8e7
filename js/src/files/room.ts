/** Room for so many at once; who asks first goes in first. */
export type Enter = (signal: AbortSignal) => Promise<() => void>;

/** Each one that enters gets a function to leave by; to leave twice changes nothing. */
export function createRoom(places: number): Enter {
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
