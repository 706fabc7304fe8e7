/** Light or dark, from the host, or else from the browser. */
import { listen, watch } from "../kernel/page";
export type Theme = "light" | "dark";

const dark = () => matchMedia("(prefers-color-scheme: dark)");

export function hostTheme(page: Document): Theme {
  const { body, documentElement: html } = page;
  const classes = body.classList;
  const kind = /vscode-(light|dark|high-contrast)/.exec(body.className)?.[1];
  if (kind) return kind === "light" || /contrast-light/.test(body.className) ? "light" : "dark";
  const named = html.getAttribute("theme") ?? body.getAttribute("theme") ?? body.dataset.theme;
  if (named === "dark" || named === "light") return named;
  const { jpThemeLight } = body.dataset;
  if (jpThemeLight) return jpThemeLight === "false" ? "dark" : "light";
  if (html.classList.contains("dark") || classes.contains("dark")) return "dark";
  // A Jupyter page without a theme attribute (nbclassic, an export) is light.
  const jupyter = getComputedStyle(body).getPropertyValue("--jp-layout-color1");
  return !jupyter && dark().matches ? "dark" : "light";
}

/** Whether the host's theme is one of high contrast. */
export function isHighContrast({ body }: Document): boolean {
  const { jpThemeName } = body.dataset;
  return /vscode-high-contrast|high contrast/i.test(`${body.className} ${jpThemeName}`);
}

export function followTheme(root: HTMLElement, ended: AbortSignal): void {
  const apply = () => {
    const theme = hostTheme(document);
    if (root.dataset.sdTheme !== theme) root.dataset.sdTheme = theme;
    root.toggleAttribute("data-sd-contrast", isHighContrast(document));
  };
  watch([document.documentElement, document.body], { attributes: true }, apply, ended);
  listen(dark(), "change", apply, { signal: ended });
}
