/** Variables of VS Code's "Light Modern" and "Dark Modern", as its webviews get them. */
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

export const THEMES: Record<ThemeKind, Record<string, string>> = {
  "vscode-light": { ...FONTS, ...LIGHT },
  "vscode-dark": { ...FONTS, ...DARK },
};

/** Set a theme's variables, class and data attribute, as VS Code does in its webviews. */
export function applyTheme(kind: ThemeKind, styles: Record<string, string>): void {
  const { body, documentElement: html } = document;
  body.classList.remove("vscode-light", "vscode-dark");
  body.classList.add(kind);
  body.dataset.vscodeThemeKind = kind;
  for (const [name, value] of Object.entries(styles)) html.style.setProperty(`--${name}`, value);
}
