import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useSessionAs } from "../kernel/session";
import type { Previews } from "./previews";

/** The Blob URL of a preview, asked for once `edge` is known (0 = not yet seen). */
export function usePreview(target: string, edge: number): string | null {
  const { previews } = useSessionAs<{ previews: Previews }>();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const letGo = previews.hold(target);
    const store = previews.url(target);
    const update = () => setUrl(store.get());
    update();
    const unsubscribe = store.subscribe(update);
    return () => {
      unsubscribe();
      letGo();
    };
  }, [previews, target]);
  useEffect(() => {
    if (edge > 0) previews.ask(target, edge);
  }, [previews, target, edge]);
  return url;
}

interface Props {
  /** The id of an image or reference. */
  of: string;
  /** The pixels of its longer side to ask for; 0 to not ask yet. */
  edge: number;
  alt?: string;
  /** What to show until it comes. */
  children?: ComponentChildren;
}

/** A small picture of an image. */
export function Preview({ of, edge, alt = "", children }: Props): ComponentChildren {
  const url = usePreview(of, edge);
  return url ? <img src={url} alt={alt} draggable={false} /> : children;
}
