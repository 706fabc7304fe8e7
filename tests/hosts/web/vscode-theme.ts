/** Variables of four of VS Code's themes, two of them of high contrast, as its webviews get them. */
import type { ThemeKind } from "./vscode-protocol";

const FONTS = {
  "vscode-font-family": 'system-ui, "Ubuntu", "Droid Sans", sans-serif',
  "vscode-font-size": "13px",
  "vscode-font-weight": "normal",
  "vscode-editor-font-family": '"Droid Sans Mono", "monospace", monospace',
  "vscode-editor-font-size": "14px",
};

const LIGHT = {
  "vscode-foreground": "#3b3b3b",
  "vscode-descriptionForeground": "#3b3b3b",
  "vscode-errorForeground": "#f85149",
  "vscode-focusBorder": "#005fb8",
  "vscode-editor-background": "#ffffff",
  "vscode-editor-foreground": "#3b3b3b",
  "vscode-button-background": "#005fb8",
  "vscode-button-foreground": "#ffffff",
  "vscode-button-hoverBackground": "#0258a8",
  "vscode-input-background": "#ffffff",
  "vscode-input-border": "#cecece",
  "vscode-input-foreground": "#3b3b3b",
  "vscode-panel-border": "#e5e5e5",
  "vscode-textLink-foreground": "#005fb8",
  "vscode-notebook-cellEditorBackground": "#f8f8f8",
  "vscode-notebook-cellBorderColor": "#e5e5e5",
};

const DARK = {
  "vscode-foreground": "#cccccc",
  "vscode-descriptionForeground": "#9d9d9d",
  "vscode-errorForeground": "#f85149",
  "vscode-focusBorder": "#0078d4",
  "vscode-editor-background": "#1f1f1f",
  "vscode-editor-foreground": "#cccccc",
  "vscode-button-background": "#0078d4",
  "vscode-button-foreground": "#ffffff",
  "vscode-button-hoverBackground": "#026ec1",
  "vscode-input-background": "#313131",
  "vscode-input-border": "#3c3c3c",
  "vscode-input-foreground": "#cccccc",
  "vscode-panel-border": "#2b2b2b",
  "vscode-textLink-foreground": "#4daafc",
  "vscode-notebook-cellEditorBackground": "#181818",
  "vscode-notebook-cellBorderColor": "#37373d",
};

/** "Dark High Contrast": what is filled is as black as all the rest. */
const DARK_CONTRAST = {
  "vscode-foreground": "#ffffff",
  "vscode-descriptionForeground": "#ffffff",
  "vscode-errorForeground": "#f48771",
  "vscode-focusBorder": "#f38518",
  "vscode-contrastBorder": "#6fc3df",
  "vscode-contrastActiveBorder": "#f38518",
  "vscode-editor-background": "#000000",
  "vscode-editor-foreground": "#ffffff",
  "vscode-button-background": "#000000",
  "vscode-button-foreground": "#ffffff",
  "vscode-button-border": "#6fc3df",
  "vscode-input-background": "#000000",
  "vscode-input-border": "#6fc3df",
  "vscode-input-foreground": "#ffffff",
  "vscode-panel-border": "#6fc3df",
  "vscode-textLink-foreground": "#21a6ff",
  "vscode-notebook-cellEditorBackground": "#000000",
  "vscode-notebook-cellBorderColor": "#6fc3df",
};

/** "Light High Contrast". */
const LIGHT_CONTRAST = {
  "vscode-foreground": "#292929",
  "vscode-descriptionForeground": "#292929",
  "vscode-errorForeground": "#b5200d",
  "vscode-focusBorder": "#006bbd",
  "vscode-contrastBorder": "#0f4a85",
  "vscode-contrastActiveBorder": "#006bbd",
  "vscode-editor-background": "#ffffff",
  "vscode-editor-foreground": "#292929",
  "vscode-button-background": "#0f4a85",
  "vscode-button-foreground": "#ffffff",
  "vscode-button-border": "#0f4a85",
  "vscode-input-background": "#ffffff",
  "vscode-input-border": "#0f4a85",
  "vscode-input-foreground": "#292929",
  "vscode-panel-border": "#0f4a85",
  "vscode-textLink-foreground": "#0f4a85",
  "vscode-notebook-cellEditorBackground": "#ffffff",
  "vscode-notebook-cellBorderColor": "#0f4a85",
};

const KINDS: Record<string, ThemeKind> = {
  Light: "vscode-light",
  Dark: "vscode-dark",
  "Dark High Contrast": "vscode-high-contrast",
  "Light High Contrast": "vscode-high-contrast-light",
};
export const kindOf = (name: string): ThemeKind => KINDS[name] ?? "vscode-light";

export const THEMES: Record<ThemeKind, Record<string, string>> = {
  "vscode-light": { ...FONTS, ...LIGHT },
  "vscode-dark": { ...FONTS, ...DARK },
  "vscode-high-contrast": { ...FONTS, ...DARK_CONTRAST },
  "vscode-high-contrast-light": { ...FONTS, ...LIGHT_CONTRAST },
};

/** Set a theme's variables, class and data attribute, as VS Code does in its webviews. */
export function applyTheme(kind: ThemeKind, styles: Record<string, string>): void {
  const { body, documentElement: html } = document;
  body.classList.remove(...Object.keys(THEMES));
  body.classList.add(kind);
  // Its light one carries both.
  if (kind === "vscode-high-contrast-light") body.classList.add("vscode-high-contrast");
  html.removeAttribute("style");
  body.dataset.vscodeThemeKind = kind;
  for (const [name, value] of Object.entries(styles)) html.style.setProperty(`--${name}`, value);
}
