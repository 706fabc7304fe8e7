/** VS Code's widget manager, on a kernel whose every message travels through the window. */
import { type Kernel, KernelMessage, ServerConnection } from "@jupyterlab/services";
import { CommsOverSubshells } from "@jupyterlab/services/lib/kernel/comm";
import { KernelConnection } from "@jupyterlab/services/lib/kernel/default";
import { activate } from "@vscode/jupyter-ipywidgets8";
import { type FromWebview, type SocketData, WIDGET_VIEW } from "./vscode-protocol";

type Post = (message: FromWebview) => void;

interface View {
  model: unknown;
}
interface LuminoWidget {
  dispose(): void;
}
interface WidgetHost {
  get_model(id: string): Promise<unknown>;
  create_view(model: unknown, options: { el: HTMLElement }): Promise<View>;
  display_view(data: unknown, view: View, options: { node: HTMLElement }): Promise<LuminoWidget>;
  dispose(): void;
}
type WidgetHostClass = new (
  kernel: Kernel.IKernelConnection,
  container: undefined,
  scripts: unknown,
  log: (message: string) => void,
) => WidgetHost;

declare global {
  interface Window {
    requirejs: { config(options: { paths: Record<string, string> }): void };
    vscIPyWidgets8: { load(): void };
    vscIPyWidgets: { WidgetManager: WidgetHostClass };
  }
}

/** The script that the environment's own nbextension holds, as VS Code finds it without a CDN. */
const scripts = {
  widgetsRegisteredInRequireJs: new Set<string>(),
  loadWidgetScript: async (name: string) => {
    window.requirejs.config({ paths: { [name]: `/nbextensions/${name}/index` } });
    scripts.widgetsRegisteredInRequireJs.add(name);
  },
  errorHandler: (name: string, module: string, version: string, error: unknown) =>
    reportError(new Error(`Failed to load ${name} of ${module} ${version}`, { cause: error })),
  successHandler: () => undefined,
};

/** A web socket in name only: what is sent goes to the window, which holds the real one. */
class ProxySocket {
  readonly protocol = "";
  onopen?: (event: unknown) => void;
  onmessage?: (event: { data: SocketData }) => void;
  constructor(private readonly post: Post) {
    setTimeout(() => this.onopen?.({ target: this }));
  }
  send(data: SocketData): void {
    this.post({ type: "kernelMessage", data });
  }
  close(): void {}
}

export interface WidgetKernel {
  receive(data: SocketData): void;
  draw(data: { model_id: string }, element: HTMLElement): Promise<void>;
  dispose(): void;
}

/** Load VS Code's manager once; requirejs must be there before. */
export function loadWidgets(): void {
  activate();
  window.vscIPyWidgets8.load();
}

export function createWidgetKernel(
  options: { id: string; name: string; clientId: string },
  post: Post,
): WidgetKernel {
  const socket = new ProxySocket(post);
  function WebSocket() {
    return socket;
  }
  const kernel = new KernelConnection({
    model: { id: options.id, name: options.name },
    clientId: options.clientId,
    handleComms: true,
    commsOverSubshells: CommsOverSubshells.Disabled,
    serverSettings: ServerConnection.makeSettings({ WebSocket: WebSocket as never, wsUrl: "none" }),
  });
  const manager = new window.vscIPyWidgets.WidgetManager(kernel, undefined, scripts, () => {});
  const displayed = followDisplays(kernel);

  async function draw(data: { model_id: string }, element: HTMLElement): Promise<void> {
    await displayed(data.model_id);
    const model = await manager.get_model(data.model_id);
    const view = await manager.create_view(model, { el: element });
    await manager.display_view(data, view, { node: element });
  }

  return {
    receive: (data) => socket.onmessage?.({ data }),
    draw,
    dispose() {
      manager.dispose();
      kernel.dispose();
    },
  };
}

/** A model may be drawn once the message that displays it, and so every one before, was handled. */
function followDisplays(kernel: Kernel.IKernelConnection): (id: string) => Promise<void> {
  const seen = new Map<string, { promise: Promise<void>; resolve: () => void }>();
  const wait = (id: string) => {
    const known = seen.get(id);
    if (known) return known;
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    const entry = { promise, resolve };
    seen.set(id, entry);
    return entry;
  };
  kernel.iopubMessage.connect((_, message) => {
    if (KernelMessage.isDisplayDataMsg(message) || KernelMessage.isExecuteResultMsg(message)) {
      const view = message.content.data[WIDGET_VIEW] as { model_id: string } | undefined;
      if (view) wait(view.model_id).resolve();
    }
  });
  return (id) => wait(id).promise;
}
