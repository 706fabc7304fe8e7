import { useLayoutEffect } from "preact/hooks";

/** Call `measure` once an element is drawn, and whenever its size changes. */
export function useMeasure(place: { current: Element | null }, measure: () => void): void {
  useLayoutEffect(() => {
    measure();
    if (!globalThis.ResizeObserver || !place.current) return;
    const observer = new ResizeObserver(measure);
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
}
