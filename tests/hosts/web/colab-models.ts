/** Every model as Colab's page knows it: from the kernel's messages and the frames' own. */
import type { ModelAnswer, ModelState } from "./colab-protocol";

type Content = { comm_id: string; data?: Record<string, unknown> };

export interface Models {
  opened(content: Content): void;
  /** A message of either side; an update changes what later frames are told. */
  said(comm: string, data: unknown): void;
  closed(comm: string): void;
  answer(model: string): ModelAnswer;
  /** What a notebook keeps of them. */
  toJSON(): Record<string, ModelState>;
}

/** `saved` is what a notebook kept: models to look at, without a way to the kernel. */
export function createModels(saved: Record<string, ModelState> = {}): Models {
  const models = new Map(Object.entries(saved));
  const connected = new Set<string>();
  return {
    opened({ comm_id, data }) {
      const state = (data?.state ?? {}) as Record<string, unknown>;
      const part = (name: string) => String(state[`_model_${name}`] ?? "");
      connected.add(comm_id);
      models.set(comm_id, {
        model_name: part("name"),
        model_module: part("module"),
        model_module_version: part("module_version"),
        state,
      });
    },
    said(comm, data) {
      const { method, state } = data as { method?: string; state?: Record<string, unknown> };
      const model = models.get(comm);
      if (model && method === "update") model.state = { ...model.state, ...state };
    },
    closed(comm) {
      models.delete(comm);
      connected.delete(comm);
    },
    answer(id) {
      const model = models.get(id);
      return model ? { ...model, connected: connected.has(id) } : null;
    },
    toJSON: () => Object.fromEntries(models),
  };
}
