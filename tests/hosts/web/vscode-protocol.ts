/** What VS Code's window and its notebook webview say to each other, by VS Code's own names. */
import type { IOutput } from "@jupyterlab/nbformat";
import type { Keystroke } from "./notebook";

export type ThemeKind =
  | "vscode-light"
  | "vscode-dark"
  | "vscode-high-contrast"
  | "vscode-high-contrast-light";
export type SocketData = string | ArrayBuffer;

export type ToWebview =
  | { type: "styles"; kind: ThemeKind; styles: Record<string, string> }
  | { type: "kernelOptions"; id: string; name: string; clientId: string }
  | { type: "restartKernel" }
  | { type: "kernelMessage"; data: SocketData }
  | {
      type: "output";
      cell: string;
      id: string;
      output: IOutput;
      known: boolean;
    }
  | { type: "clearOutput"; cell: string }
  | { type: "viewScroll"; tops: Record<string, number> };

export type FromWebview =
  | { type: "ready" }
  | { type: "kernelMessage"; data: SocketData }
  | { type: "dimension"; cell: string; height: number }
  | { type: "outputFocus"; cell: string }
  | { type: "didKeydown"; keystroke: Keystroke }
  | { type: "dragStart" };

export const WIDGET_VIEW = "application/vnd.jupyter.widget-view+json";
