/** What Colab's page and its output frames say to each other. */
import type { Keystroke, Output } from "./notebook";

/** A model as the page knows it from the kernel, or from a saved notebook. */
export interface ModelState {
  model_name: string;
  model_module: string;
  model_module_version: string;
  state: Record<string, unknown>;
}

/** `connected`: whether its comm is at hand, which is so for outputs of this session alone. */
export type ModelAnswer = (ModelState & { connected: boolean }) | null;

export type ToFrame =
  | { type: "theme"; dark: boolean }
  | { type: "output"; output: Output }
  | { type: "model"; request: number; model: string; answer: ModelAnswer }
  | { type: "sent"; request: number }
  | { type: "comm"; comm: string; data: unknown; buffers: ArrayBuffer[] }
  | { type: "commClosed"; comm: string };

export type FromFrame =
  | { type: "ready" }
  | { type: "height"; height: number }
  | { type: "key"; keystroke: Keystroke }
  | { type: "askModel"; request: number; model: string }
  | { type: "send"; request: number; comm: string; data: unknown; buffers: ArrayBuffer[] };

export const WIDGET_VIEW = "application/vnd.jupyter.widget-view+json";
