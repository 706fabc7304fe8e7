import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { followTheme, hostTheme, isHighContrast } from "../../src/shell/theme";

const { body, documentElement: html } = document;

beforeEach(() => {
  vi.spyOn(window, "matchMedia").mockReturnValue({
    matches: true,
    addEventListener() {},
  } as unknown as MediaQueryList);
});
afterEach(() => {
  body.removeAttribute("class");
  body.removeAttribute("data-jp-theme-light");
  body.removeAttribute("style");
  html.removeAttribute("theme");
});

it.each([
  ["vscode-dark", "dark"],
  ["vscode-light", "light"],
  ["vscode-high-contrast", "dark"],
  ["vscode-high-contrast vscode-high-contrast-light", "light"],
])("follows VS Code's %s", (name, theme) => {
  body.className = name;
  body.dataset.jpThemeLight = theme === "dark" ? "true" : "false";
  expect(hostTheme(document)).toBe(theme);
});

it.each(["dark", "light"])("follows Colab's %s", (theme) => {
  html.setAttribute("theme", theme);
  expect(hostTheme(document)).toBe(theme);
});

it("follows JupyterLab, and asks the browser only when no host speaks", () => {
  body.dataset.jpThemeLight = "true";
  expect(hostTheme(document)).toBe("light");
  body.dataset.jpThemeLight = "false";
  expect(hostTheme(document)).toBe("dark");
  body.removeAttribute("data-jp-theme-light");
  expect(hostTheme(document)).toBe("dark");
  body.style.setProperty("--jp-layout-color1", "white");
  expect(hostTheme(document)).toBe("light");
});

it.each([
  ["vscode-high-contrast", "", true],
  ["vscode-high-contrast-light", "", true],
  ["vscode-dark", "", false],
  ["", "JupyterLab Dark High Contrast", true],
  ["", "JupyterLab Dark", false],
])("knows high contrast: %s %s", (name, jupyter, wanted) => {
  body.className = name;
  body.dataset.jpThemeName = jupyter;
  expect(isHighContrast(document)).toBe(wanted);
  delete body.dataset.jpThemeName;
});

it("follows live, until its view ends", async () => {
  const root = document.createElement("section");
  const ended = new AbortController();
  body.dataset.jpThemeLight = "true";
  followTheme(root, ended.signal);
  expect(root.dataset.sdTheme).toBe("light");
  body.dataset.jpThemeLight = "false";
  await new Promise((resolve) => setTimeout(resolve));
  expect(root.dataset.sdTheme).toBe("dark");
  ended.abort();
  body.dataset.jpThemeLight = "true";
  await new Promise((resolve) => setTimeout(resolve));
  expect(root.dataset.sdTheme).toBe("dark");
});
