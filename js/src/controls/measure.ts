import { useLayoutEffect } from "preact/hooks";

/** Call `measure` once an element is drawn, and whenever its size changes; another element may
 * stand there once `inputs` are others. */
export function useMeasure(
  place: { current: Element | null },
  measure: () => void,
  inputs: unknown[] = [],
): void {
  useLayoutEffect(() => {
    measure();
    if (!place.current) return;
    const observer = new ResizeObserver(measure);
    observer.observe(place.current);
    return () => observer.disconnect();
  }, inputs);
}
