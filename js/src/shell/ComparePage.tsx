/** Two pictures beside each other, without a form or a library. */
import { integer, list, shape, text } from "../kernel/parse";
import { SessionProvider } from "../kernel/session";
import { listOf } from "../pictures/pictures";
import type { ViewerSession } from "../viewer/session";
import { createViewer, type ViewedPicture } from "../viewer/state";
import { CompareWidget } from "../viewer/Viewer";
import type { Announcer } from "./announcer";
import type { Base } from "./base";
import { LiveRegion } from "./Notices";

const viewed = shape<ViewedPicture>({ id: text, width: integer, height: integer, words: text });

export interface CompareSession extends ViewerSession {
  announcer: Announcer;
}

export function createCompareSession(base: Base): CompareSession {
  const both = base.traits.get("_pictures", list(viewed), []);
  const lookUp = async (wanted: string) => both.find(({ id }) => id === wanted) ?? null;
  const viewer = createViewer({ ...base, lookUp });
  const ids = both.map(({ id }) => id);
  const [first = 0, second = 0] = base.traits.get("_places", list(integer), []);
  base.open(listOf(ids), second, ids[first]);
  return { ...base, viewer, tools: [] };
}

export function ComparePage({ session }: { session: CompareSession }) {
  return (
    <SessionProvider value={session}>
      <CompareWidget />
      <LiveRegion announcer={session.announcer} />
    </SessionProvider>
  );
}
