/** A batch as a grid, alone. */
import type { AnyModel } from "@anywidget/types";
import { Scope } from "../kernel/scope";
import { Sheet } from "../sheet/Sheet";
import { createSheet, type SheetSession } from "../sheet/session";
import type { ViewerSession } from "../viewer/session";
import { createViewer } from "../viewer/state";
import { Viewer } from "../viewer/Viewer";
import type { Announcer } from "./announcer";
import { createBase } from "./base";
import { KernelNotice, Said } from "./Notices";

export interface SheetAlone extends SheetSession, ViewerSession {
  announcer: Announcer;
}

export function createSheetSession(
  model: AnyModel,
  root: HTMLElement,
  ended: AbortSignal,
): SheetAlone {
  const base = createBase(model, root, ended);
  const sheet = createSheet(base.channel, base.traits);
  const facts = async (wanted: string) => {
    for (const { id, width, height, words } of sheet.batch.get()?.cells.values() ?? []) {
      if (id === wanted) return { id, width, height, words };
    }
    return null;
  };
  return {
    ...base,
    sheet,
    viewer: createViewer({ ...base, facts }),
    tools: [{ name: "Choose", run: ({ id }) => sheet.pick(id) }],
  };
}

export function SheetPage({ session }: { session: SheetAlone }) {
  const { announcer, channel } = session;
  return (
    <Scope value={session}>
      <KernelNotice {...{ announcer, channel }} bills={false} />
      <Sheet />
      <Viewer />
      <Said announcer={announcer} />
    </Scope>
  );
}
