/** Pictures given as an address, such as one dragged from another tab or a file list. */

/** What comes of an address: fal fetches `url`, `file` is uploaded, `error` says what to do. */
export type Addressed = { url: string } | { file: File } | { error: string };

type Data = Pick<DataTransfer, "types" | "getData">;

export const IMAGE_NAME = /\.(png|jpe?g|jfif|webp|gif|bmp|tiff?|avif|hei[cf])$/i;

/** The source of an image that is copied or dragged by itself; nothing of it is loaded here. */
function loneImage(data: Data): string | null {
  const page = new DOMParser().parseFromString(data.getData("text/html"), "text/html");
  const [image, ...others] = page.querySelectorAll("img");
  if (!image || others.length > 0 || page.body.textContent?.trim()) return null;
  return image.getAttribute("src");
}

/** The first address of a list; lines that begin with # are comments. */
const firstOf = (list: string): string | null =>
  list.split(/\r?\n/).find((line) => line && !line.startsWith("#")) ?? null;

export const hasAddress = (data: Data | null): boolean =>
  data ? [...data.types].some((type) => type === "text/uri-list" || type === "text/html") : false;

const nameIn = (path: string): string => path.split("/").pop() || path;

function pathIn({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname).replace(/^\/(?=[A-Za-z]:\/)/, "");
  } catch {
    return pathname;
  }
}

/** A page may not read what lies on a disk; whoever dropped it can say so in two ways. */
function onDiskHint(url: URL): string {
  const path = pathIn(url);
  const code = `studio.references = [${JSON.stringify(path)}]`;
  return `${nameIn(path)} came as an address, not as a file. Browse for it with +, or run ${code} in a cell.`;
}

async function fileOf(address: string): Promise<Addressed> {
  const blob = await (await fetch(address)).blob();
  const ending = blob.type.replace(/^image\/|\+.*/g, "") || "png";
  return { file: new File([blob], `image.${ending}`, { type: blob.type }) };
}

async function resolve(address: string, isImage: boolean): Promise<Addressed> {
  const url = URL.canParse(address) ? new URL(address) : null;
  const scheme = url?.protocol;
  if (url && /^(file|vscode-)/.test(url.protocol)) return { error: onDiskHint(url) };
  if (scheme === "data:" && /^data:image\//i.test(address)) return fileOf(address);
  const about = url && scheme !== "data:" ? `${url.host || url.protocol}` : "What was dropped";
  if (!isImage && !(url && IMAGE_NAME.test(url.pathname))) {
    return {
      error: `${about}: this is a link, not an image. Drag the image itself, or save it and drop the file.`,
    };
  }
  if (scheme === "https:") return { url: address };
  return {
    error: `fal can't fetch this image from ${about}. Save it and drop the file, or copy it and paste it here.`,
  };
}

/** Read the address that a drop or a paste holds; null where it holds none that means a picture. */
export function readAddress(data: Data, inText: boolean): Promise<Addressed> | null {
  const image = loneImage(data);
  // A link dropped on text is text.
  const address = image ?? (inText ? null : firstOf(data.getData("text/uri-list")));
  return address ? resolve(address, image !== null) : null;
}
