/** The part of the widget's session that the viewer needs. */
import type { Channel } from "../kernel/channel";
import { useSessionAs } from "../kernel/session";
import type { Mask } from "../kernel/wire";
import type { Previews } from "../pictures/previews";
import type { ViewedPicture, ViewerState } from "./state";

/** Something that can be done with a picture, as a button beside its receipt. */
export interface Tool {
  name: string;
  run(picture: ViewedPicture): unknown;
}

export interface ViewerSession {
  viewer: ViewerState;
  channel: Channel;
  previews: Previews;
  announcer: { say(words: string, anew?: boolean): void };
  tools: Tool[];
  /** Have the next request change only a region of a picture; absent without a form. */
  changeRegion?: (picture: ViewedPicture, mask: Mask) => unknown;
  /** Mark the better one of two; absent where nothing can be marked. */
  favour?: (picture: ViewedPicture) => unknown;
}

export const useViewer = useSessionAs<ViewerSession>;
