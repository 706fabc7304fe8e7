/** The one way between a kernel and VS Code's webview: in order, and slow, as measured there. */
import type { SocketData } from "./vscode-protocol";

const BYTES_A_MILLISECOND = 1700;

export interface Relay {
  send(data: SocketData): void;
  close(): void;
}

const pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time));

/** Open the real socket of a kernel, for a client of its own. */
export async function openRelay(
  server: string,
  kernel: string,
  clientId: string,
  receive: (data: SocketData) => void,
): Promise<Relay> {
  const address = `${server.replace(/^http/, "ws")}/api/kernels/${kernel}/channels`;
  const socket = new WebSocket(`${address}?session_id=${clientId}`);
  socket.binaryType = "arraybuffer";
  let queue = Promise.resolve();
  socket.onmessage = ({ data }: MessageEvent<SocketData>) => {
    queue = queue.then(async () => {
      if (data instanceof ArrayBuffer) await pause(data.byteLength / BYTES_A_MILLISECOND);
      receive(data);
    });
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return { send: (data) => socket.send(data), close: () => socket.close() };
}
