/** Drawn with the text's colour; decoration only, names stand on the buttons. */
const icon = (path: string) => () => (
  <svg class="sd-icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={path} />
  </svg>
);

export const Plus = icon("M8 3v10M3 8h10");
export const Close = icon("M4 4l8 8M12 4l-8 8");
export const Again = icon("M3.2 8a4.8 4.8 0 1 0 1.5-3.5M3.2 2.6v2.6h2.6");
export const Dice = icon(
  "M2.5 2.5h11v11h-11zM5.6 5.6h.01M10.4 5.6h.01M8 8h.01M5.6 10.4h.01M10.4 10.4h.01",
);
export const Check = icon("M3.5 8.5l3 3 6-7");
export const Previous = icon("M10 3.5L5.5 8l4.5 4.5");
export const Next = icon("M6 3.5L10.5 8 6 12.5");
