import { useEffect } from "preact/hooks";

/** Ask whenever `inputs` change, and ignore answers to earlier questions. */
export function useAnswer<T>(
  ask: () => Promise<T> | undefined,
  take: (answer: T) => void,
  inputs: unknown[],
): void {
  useEffect(() => {
    let current = true;
    void ask()?.then((answer) => current && take(answer));
    return () => {
      current = false;
    };
  }, inputs);
}
