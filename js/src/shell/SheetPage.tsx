/** A batch as a grid, alone. */
import type { AnyModel } from "@anywidget/types";
import { createChannel, GONE, SILENT } from "../kernel/channel";
import { createStore, type Store, useStore } from "../kernel/store";
import { createTraits } from "../kernel/traits";
import { createPreviews } from "../pictures/previews";
import type { Viewing } from "../pictures/session";
import { Sheet } from "../sheet/Sheet";
import { createSheet, SheetScope, type SheetSession } from "../sheet/session";
import { ViewerScope, type ViewerSession } from "../viewer/session";
import { createViewer } from "../viewer/state";
import { Viewer } from "../viewer/Viewer";

export interface SheetAlone extends SheetSession, ViewerSession {
  /** What a screen reader hears; an object each time, as the same words may be said again. */
  said: Store<{ words: string }>;
}

export function createSheetSession(model: AnyModel, ended: AbortSignal): SheetAlone {
  const channel = createChannel(model, ended);
  const sheet = createSheet(channel, createTraits(model, channel, ended), ended);
  const said = createStore({ words: "" });
  const viewing = createStore<Viewing | null>(null);
  const facts = async (wanted: string) => {
    for (const { id, width, height, words } of sheet.batch.get()?.cells.values() ?? []) {
      if (id === wanted) return { id, width, height, words };
    }
    return null;
  };
  return {
    channel,
    sheet,
    previews: createPreviews(channel, ended),
    said,
    announcer: { say: (words) => said.set({ words }) },
    open: (list, index) => viewing.set({ list, index, against: null }),
    viewer: createViewer({ channel, viewing, facts }, ended),
    tools: [{ name: "Choose", run: ({ id }) => sheet.pick(id) }],
  };
}

function Kernel({ channel: { state } }: SheetAlone) {
  const { gone, silent } = useStore(state);
  if (!gone && !silent) return null;
  return (
    <p class={gone ? "sd-banner" : "sd-banner sd-warn"} role="alert">
      {gone ? GONE : `${SILENT}.`} The pictures that came are in your library.
    </p>
  );
}

function Said({ said }: SheetAlone) {
  const line = useStore(said);
  return (
    <p class="sd-hidden" role="status" aria-live="polite">
      <span key={line}>{line.words}</span>
    </p>
  );
}

export function SheetPage({ session }: { session: SheetAlone }) {
  return (
    <SheetScope value={session}>
      <Kernel {...session} />
      <Sheet />
      <ViewerScope value={session}>
        <Viewer />
      </ViewerScope>
      <Said {...session} />
    </SheetScope>
  );
}
