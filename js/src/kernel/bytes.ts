/** Buffers arrive as DataView, Uint8Array or ArrayBuffer, often as a window on a larger one. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** An exact copy: a Blob of a sub-view is right, yet some hosts keep the whole buffer alive. */
export function exactBytes(value: Bytes): Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
    : new Uint8Array(value).slice();
}

export const isBytes = (value: unknown): value is Bytes =>
  ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === "[object ArrayBuffer]";

/** In thousands, as fal and Python count. */
export function formatBytes(count: number): string {
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1000))} KB`;
  return `${(count / 1e6).toFixed(1).replace(/\.0$/, "")} MB`;
}
