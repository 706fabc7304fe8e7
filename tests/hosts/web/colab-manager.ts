/** A widget manager that gets its models from the page around its frame, as Colab's own does. */
import * as base from "@jupyter-widgets/base";
import { HTMLManager } from "@jupyter-widgets/html-manager/lib/htmlmanager";
import type { ModelAnswer } from "./colab-protocol";

/** Found beside this page, as on a CDN by package, wanted version and file. */
const CDN = "npm";

export interface Comm {
  send(data: unknown, buffers: ArrayBuffer[]): Promise<void>;
  onMessage(listener: (data: unknown, buffers: ArrayBuffer[]) => void): void;
  onClose(listener: () => void): void;
}

export interface Environment {
  modelState(model: string): Promise<ModelAnswer>;
  /** The way to the kernel; only once the state of its model said that there is one. */
  comm(model: string): Comm;
}

const exact = (buffer: ArrayBuffer | ArrayBufferView): ArrayBuffer =>
  ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice().buffer
    : buffer;

function classicComm(id: string, comm: Comm): base.IClassicComm {
  return {
    comm_id: id,
    target_name: "jupyter.widget",
    open: () => id,
    close: () => "",
    send(data, callbacks, _metadata, buffers = []) {
      void comm.send(data, buffers.map(exact)).then(() => {
        callbacks?.iopub?.status?.(IDLE);
      });
      return "";
    },
    on_msg: (receive) =>
      comm.onMessage((data, buffers) =>
        receive({
          content: { comm_id: id, data },
          buffers: buffers.map((buffer) => new Uint8Array(buffer)),
        }),
      ),
    on_close: (close) => comm.onClose(() => close(undefined)),
  };
}

type Status = NonNullable<NonNullable<base.ICallbacks["iopub"]>["status"]>;
/** As much of the kernel's word that it is through with a message as a model looks at. */
const IDLE = { content: { execution_state: "idle" } } as unknown as Parameters<Status>[0];

type Factory = (...dependencies: unknown[]) => unknown;

/** Load an AMD module, as a CDN has them; all that it may ask for is Jupyter's base. */
async function loadModule(name: string, version: string): Promise<unknown> {
  const address = new URL(`${CDN}/${name}@${version}/dist/index.js`, location.href);
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  let exported: unknown;
  const define = (dependencies: string[], factory: Factory) => {
    const found = dependencies.map((each) => each === "@jupyter-widgets/base" && base);
    exported = factory(...found);
  };
  new Function("define", await answer.text())(define);
  return exported;
}

export class ColabManager extends HTMLManager {
  private readonly known = new Map<string, Promise<base.WidgetModel>>();
  private readonly modules = new Map<string, Promise<unknown>>();

  constructor(private readonly environment: Environment) {
    const load = (name: string, version: string) => {
      const module = this.modules.get(name) ?? loadModule(name, version);
      this.modules.set(name, module);
      return module;
    };
    super({ loader: load as (name: string, version: string) => Promise<unknown> });
  }

  override get_model(id: string): Promise<base.WidgetModel> {
    const model = this.known.get(id) ?? this.make(id);
    this.known.set(id, model);
    return model;
  }

  private async make(id: string): Promise<base.WidgetModel> {
    const found = await this.environment.modelState(id);
    if (!found) throw new Error(`Model ${id} is not known`);
    const { connected, state, ...about } = found;
    const comm = connected ? { comm: classicComm(id, this.environment.comm(id)) } : {};
    return this.new_model({ ...about, ...comm, model_id: id } as base.IModelOptions, state);
  }

  async render(id: string, place: HTMLElement): Promise<void> {
    const view = await this.create_view(await this.get_model(id));
    await this.display_view(view, place);
  }
}
