/** Hands a view's session down to its components; each folder declares the part that it needs. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";

const context = createContext<unknown>(null);

export const SessionProvider = context.Provider;

export function useSessionAs<T>(): T {
  const session = useContext(context);
  if (!session) throw new Error("no session above this component");
  return session as T;
}
