/** Saves files from the kernel to the user's disk. */

import { exactBytes } from "../kernel/bytes";
import type { Reply } from "../kernel/channel";
import { revoke } from "../kernel/page";
import { read } from "../kernel/parse";
import { originalReply } from "../kernel/wire";

/** The file in an answer, as a picture or an archive and nothing that a page would open. */
export function savedFile({ result, buffers }: Reply): { blob: Blob; name: string } | null {
  const file = read(originalReply, result);
  const [bytes] = buffers;
  if (!file || !bytes) return null;
  const type = /^(image\/|application\/zip$)/.test(file.media_type) ? file.media_type : "";
  return { blob: new Blob([exactBytes(bytes)], { type }), name: file.name };
}

/** A picture as PNG. */
export async function asPng(blob: Blob): Promise<Blob> {
  if (blob.type === "image/png") return blob;
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  return canvas.convertToBlob();
}

/** Save the file in an answer, if there is one. */
export function saveFile(reply: Reply | null) {
  const file = reply && savedFile(reply);
  if (file) download(file.blob, file.name);
}

export function download(blob: Blob, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.split(/[\\/]/).pop() || "seedream.png";
  // VS Code takes downloads from clicks that reach the page.
  document.body.append(link);
  link.click();
  link.remove();
  // The host may still be reading it, so keep it for a minute.
  setTimeout(revoke, 60_000, link.href);
}
