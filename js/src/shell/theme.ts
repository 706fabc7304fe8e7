/** Light or dark, as the host says; only where no host says anything, as the browser does. */
export type Theme = "light" | "dark";

const dark = () => globalThis.matchMedia?.("(prefers-color-scheme: dark)");

export function hostTheme(page: Document): Theme {
  const { body, documentElement: html } = page;
  const classes = body.classList;
  if (classes.contains("vscode-high-contrast-light")) return "light";
  if (classes.contains("vscode-dark") || classes.contains("vscode-high-contrast")) return "dark";
  if (classes.contains("vscode-light")) return "light";
  const named = html.getAttribute("theme") ?? body.getAttribute("theme") ?? body.dataset.theme;
  if (named === "dark" || named === "light") return named;
  const { jpThemeLight } = body.dataset;
  if (jpThemeLight) return jpThemeLight === "false" ? "dark" : "light";
  if (html.classList.contains("dark") || classes.contains("dark")) return "dark";
  // A Jupyter page without a theme attribute (nbclassic, an export) is light.
  const jupyter = getComputedStyle(body).getPropertyValue("--jp-layout-color1");
  return !jupyter && dark()?.matches ? "dark" : "light";
}

/** Whether the host's theme is one of high contrast. */
export function isHighContrast({ body }: Document): boolean {
  const { jpThemeName } = body.dataset;
  return (
    body.classList.contains("vscode-high-contrast") ||
    body.classList.contains("vscode-high-contrast-light") ||
    /high contrast/i.test(jpThemeName ?? "")
  );
}

export function followTheme(root: HTMLElement, ended: AbortSignal): void {
  const apply = () => {
    const theme = hostTheme(document);
    if (root.dataset.sdTheme !== theme) root.dataset.sdTheme = theme;
    root.toggleAttribute("data-sd-contrast", isHighContrast(document));
  };
  const observer = new MutationObserver(apply);
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, { attributes: true });
  }
  const query = dark();
  query?.addEventListener?.("change", apply);
  ended.addEventListener("abort", () => {
    observer.disconnect();
    query?.removeEventListener?.("change", apply);
  });
  apply();
}
