/** What the views of this room need of the session. */
import type { Channel } from "../kernel/channel";
import type { Faults } from "../kernel/faults";
import { createScope } from "../kernel/scope";
import type { Store } from "../kernel/store";
import type { Addressed } from "./addresses";
import type { DropPlace, Hover } from "./drops";
import type { Previews } from "./previews";
import type { References } from "./references";
import type { Limits, Uploads } from "./uploads";

export interface FilesActions {
  addFiles(files: File[], place?: DropPlace): void;
  addAddress(found: Promise<Addressed>): Promise<void>;
  dropUpload(id: string): void;
  removeReference(id: string): void;
  moveReference(id: string, to: number): void;
  addResult(imageId: string): void;
}

export interface FilesSession {
  channel: Channel;
  facts: Store<{ limits: Limits }>;
  dropping: Store<Hover>;
  references: References;
  uploads: Uploads;
  previews: Previews;
  faults: Faults;
  announcer: { say(words: string): void };
  actions: FilesActions;
}

export const { Scope: FilesScope, use: useSession } = createScope<FilesSession>();
