/** Colab's variables, as a page of it has them; what it defines for Jupyter stays light in dark. */
const LIGHT = {
  "--colab-anchor-color": "#0000ee",
  "--colab-border-color": "#dadada",
  "--colab-primary-surface-color": "#ffffff",
  "--colab-secondary-surface-color": "#f7f7f7",
  "--colab-highlighted-surface-color": "#eeeeee",
  "--colab-primary-text-color": "#212121",
  "--colab-secondary-text-color": "#616161",
};

const DARK: typeof LIGHT = {
  "--colab-anchor-color": "#64b5f6",
  "--colab-border-color": "#616161",
  "--colab-primary-surface-color": "#383838",
  "--colab-secondary-surface-color": "#454545",
  "--colab-highlighted-surface-color": "#525252",
  "--colab-primary-text-color": "#d5d5d5",
  "--colab-secondary-text-color": "#f7f7f7",
};

const JUPYTER = {
  "--jp-layout-color0": "white",
  "--jp-layout-color1": "white",
  "--jp-layout-color2": "#eeeeee",
  "--jp-ui-font-color1": "rgba(0, 0, 0, 0.8)",
  "--jp-ui-font-size1": "13px",
  "--jp-border-color1": "#bdbdbd",
  "--jp-border-color2": "#e0e0e0",
  "--jp-brand-color1": "#1976d2",
  "--jp-error-color1": "#d32f2f",
};

export function applyTheme(dark: boolean): void {
  const { documentElement: html } = document;
  if (dark) html.setAttribute("theme", "dark");
  else html.removeAttribute("theme");
  const variables = { ...JUPYTER, ...(dark ? DARK : LIGHT) };
  for (const [name, value] of Object.entries(variables)) html.style.setProperty(name, value);
}
