/** Two pictures beside each other, without a form or a library. */
import { integer, list, shape, text } from "../kernel/parse";
import { SessionProvider } from "../kernel/session";
import { listOf } from "../pictures/pictures";
import type { ViewerSession } from "../viewer/session";
import { createViewer, type Look } from "../viewer/state";
import { CompareWidget } from "../viewer/Viewer";
import type { Announcer } from "./announcer";
import type { Base } from "./base";
import { LiveRegion } from "./Notices";

const look = shape<Look>({ id: text, width: integer, height: integer, words: text });

export interface CompareSession extends ViewerSession {
  announcer: Announcer;
}

export function createCompareSession(base: Base): CompareSession {
  const looks = base.traits.get("_pictures", list(look), []);
  const facts = async (id: string) => looks.find((each) => each.id === id) ?? null;
  const viewer = createViewer({ ...base, facts });
  const ids = looks.map(({ id }) => id);
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
