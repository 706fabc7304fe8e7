/** A kernel on a real Jupyter server, as the pages that stand in for hosts use it. */
import type { IOutput } from "@jupyterlab/nbformat";
import {
  CommsOverSubshells,
  KernelAPI,
  KernelMessage,
  ServerConnection,
} from "@jupyterlab/services";
import { KernelConnection } from "@jupyterlab/services/lib/kernel/default";

export type { IOutput } from "@jupyterlab/nbformat";
export type { KernelMessage } from "@jupyterlab/services";

/** Hears of an output, with the id by which it may be updated. */
export type OnOutput = (output: IOutput, displayId?: string) => void;
export type CommMessage = "comm_open" | "comm_msg" | "comm_close";

export class HostKernel {
  constructor(private readonly connection: KernelConnection) {}

  get id(): string {
    return this.connection.id;
  }

  /** Hear everything that the kernel publishes, comm messages among it, in order. */
  listen(listener: (message: KernelMessage.IIOPubMessage) => void): void {
    this.connection.iopubMessage.connect((_, message) => listener(message));
  }

  /** Run code; each output is told as it comes. */
  async execute(code: string, onOutput: OnOutput): Promise<void> {
    const future = this.connection.requestExecute({ code, allow_stdin: false });
    future.onIOPub = (message) => {
      const output = toOutput(message);
      if (output) onOutput(output, displayIdOf(message));
    };
    await future.done;
  }

  /** Hear of outputs that are to show something else, during a run or after. */
  onUpdate(listener: (displayId: string, output: IOutput) => void): void {
    this.listen((message) => {
      const id = displayIdOf(message);
      if (!id || !KernelMessage.isUpdateDisplayDataMsg(message)) return;
      const { data, metadata } = message.content;
      listener(id, { output_type: "display_data", data, metadata });
    });
  }

  /** Send a comm's message, on the main shell; kept once the kernel handled it, or went. */
  async sendComm(
    msgType: CommMessage,
    content: Record<string, unknown>,
    buffers: (ArrayBuffer | ArrayBufferView)[] = [],
    metadata: Record<string, unknown> = {},
  ): Promise<void> {
    const { clientId: session, username } = this.connection;
    const message = KernelMessage.createMessage({
      ...{ msgType, channel: "shell", session, username, content, buffers, metadata },
    } as KernelMessage.IOptions<KernelMessage.ICommMsgMsg<"shell">>);
    const future = this.connection.sendShellMessage(message, false, true);
    await future.done.catch(() => undefined);
  }

  interrupt(): Promise<void> {
    return this.connection.interrupt();
  }

  /** Restart under the same id; the promise is kept once the new one answers. */
  restart(): Promise<void> {
    return this.connection.restart();
  }

  shutdown(): Promise<void> {
    return this.connection.shutdown();
  }
}

/** Start a kernel, or connect to a running one by its id. `server` is the URL of Jupyter's server. */
export async function connectKernel(server: string, id?: string): Promise<HostKernel> {
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: server,
    wsUrl: server.replace(/^http/, "ws"),
    appendToken: false,
  });
  const model = id
    ? await KernelAPI.getKernelModel(id, serverSettings)
    : await KernelAPI.startNew({ name: "python3" }, serverSettings);
  if (!model) throw new Error(`Kernel ${id} is gone`);
  const commsOverSubshells = CommsOverSubshells.Disabled;
  const options = { model, serverSettings, handleComms: false, commsOverSubshells };
  const connection = new KernelConnection(options);
  await connection.info;
  return new HostKernel(connection);
}

function displayIdOf(message: KernelMessage.IIOPubMessage): string | undefined {
  return (message.content as { transient?: { display_id?: string } }).transient?.display_id;
}

/** Turn what a kernel published into a notebook's output; anything else is undefined. */
function toOutput(message: KernelMessage.IIOPubMessage): IOutput | undefined {
  if (
    KernelMessage.isStreamMsg(message) ||
    KernelMessage.isErrorMsg(message) ||
    KernelMessage.isDisplayDataMsg(message) ||
    KernelMessage.isExecuteResultMsg(message)
  ) {
    const output = { output_type: message.header.msg_type, ...message.content };
    return { ...output, transient: undefined } as IOutput;
  }
  return undefined;
}
