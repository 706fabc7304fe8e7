/** Two pictures beside each other, without a form or a library. */
import type { AnyModel } from "@anywidget/types";
import { createChannel } from "../kernel/channel";
import { integer, list, shape, text } from "../kernel/parse";
import { createStore } from "../kernel/store";
import { createTraits } from "../kernel/traits";
import { listOf } from "../pictures/pictures";
import { createPreviews } from "../pictures/previews";
import type { Viewing } from "../pictures/session";
import { ViewerScope, type ViewerSession } from "../viewer/session";
import { createViewer, type Look } from "../viewer/state";
import { CompareWidget } from "../viewer/Viewer";
import { createAnnouncer } from "./announcer";
import { Said } from "./Notices";

const look = shape<Look>({ id: text, width: integer, height: integer, words: text });

export interface CompareSession extends ViewerSession {
  announcer: ReturnType<typeof createAnnouncer>;
}

export function createCompareSession(
  model: AnyModel,
  root: HTMLElement,
  ended: AbortSignal,
): CompareSession {
  const channel = createChannel(model, ended);
  const traits = createTraits(model, channel, ended);
  const looks = traits.get("_pictures", list(look), []);
  const viewing = createStore<Viewing | null>(null);
  const facts = async (id: string) => looks.find((each) => each.id === id) ?? null;
  const viewer = createViewer({ channel, viewing, facts }, ended);
  const ids = looks.map(({ id }) => id);
  const [first = 0, second = 0] = traits.get("_places", list(integer), []);
  viewing.set({ list: listOf(ids), index: second, against: ids[first] ?? null });
  const announcer = createAnnouncer(root, ended);
  return { channel, viewer, announcer, previews: createPreviews(channel, ended), tools: [] };
}

export function ComparePage({ session }: { session: CompareSession }) {
  return (
    <ViewerScope value={session}>
      <CompareWidget />
      <Said announcer={session.announcer} />
    </ViewerScope>
  );
}
