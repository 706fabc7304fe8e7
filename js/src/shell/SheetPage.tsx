/** A batch as a grid, alone. */
import { Sheet } from "../sheet/Sheet";
import { createSheet, type SheetSession } from "../sheet/session";
import type { ViewerSession } from "../viewer/session";
import { createViewer, type ViewedPicture } from "../viewer/state";
import type { Announcer } from "./announcer";
import type { Base } from "./base";
import { StandalonePage } from "./StandalonePage";

export interface SheetPageSession extends SheetSession, ViewerSession {
  announcer: Announcer;
}

export function createSheetSession(base: Base): SheetPageSession {
  const sheet = createSheet(base.channel, base.traits);
  const lookUp = async (wanted: string) => {
    const cells = [...(sheet.batch.get()?.cells.values() ?? [])] as ViewedPicture[];
    return cells.find(({ id }) => id === wanted) ?? null;
  };
  return {
    ...base,
    sheet,
    viewer: createViewer({ ...base, lookUp }),
    tools: [{ name: "Choose", run: ({ id }) => sheet.pick(id) }],
  };
}

export function SheetPage({ session }: { session: SheetPageSession }) {
  return (
    <StandalonePage
      session={session}
      more=". Run the batch again for the rest: nothing is paid for twice."
    >
      <Sheet />
    </StandalonePage>
  );
}
