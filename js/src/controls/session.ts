/** The part of the session that the controls need. */
import { useSessionAs } from "../kernel/session";

export interface ControlsSession {
  announcer: { say(words: string): void };
}

export const useSession = useSessionAs<ControlsSession>;
