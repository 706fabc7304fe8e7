/** The part of the session that the views in this folder need. */
import { useSessionAs } from "../kernel/session";
import type { Store } from "../kernel/store";
import type { PicturesActions, PicturesSession } from "../pictures/session";
import type { Addressed } from "./addresses";
import type { DropPlace, Hover } from "./drops";
import type { References } from "./references";
import type { Limits, Uploads } from "./uploads";

export interface FilesActions extends PicturesActions {
  addFiles(files: File[], place?: DropPlace): void;
  addAddress(found: Promise<Addressed>): Promise<void>;
  dropUpload(id: string): void;
  removeReference(id: string): void;
  moveReference(id: string, to: number): void;
  addResult(imageId: string): void;
}

export interface FilesSession extends PicturesSession {
  facts: Store<{ limits: Limits }>;
  dropping: Store<Hover>;
  references: References;
  uploads: Uploads;
  /** The reference image that the prompt names at the caret, from 1; 0 for none. */
  lit: Store<number>;
  actions: FilesActions;
}

export const useSession = useSessionAs<FilesSession>;
