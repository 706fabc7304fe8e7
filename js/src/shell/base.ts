/** What every page needs: the channel to the kernel, previews, and the viewer's state. */
import type { AnyModel } from "@anywidget/types";
import { createChannel } from "../kernel/channel";
import { createStore } from "../kernel/store";
import { createTraits } from "../kernel/traits";
import { createPreviews } from "../pictures/previews";
import type { PicturesActions, Viewing } from "../pictures/session";
import { createAnnouncer } from "./announcer";

export type Base = ReturnType<typeof createBase>;

export function createBase(model: AnyModel, root: HTMLElement, ended: AbortSignal) {
  const channel = createChannel(model, ended);
  const viewing = createStore<Viewing | null>(null);
  const open: PicturesActions["open"] = (list, index, against) =>
    viewing.set({ list, index, against: against ?? null });
  return {
    ended,
    channel,
    traits: createTraits(model, channel, ended),
    previews: createPreviews(channel, ended),
    viewing,
    announcer: createAnnouncer(root, ended),
    open,
  };
}
