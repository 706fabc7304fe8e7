declare module "@vscode/jupyter-ipywidgets8" {
  export function activate(): void;
}
