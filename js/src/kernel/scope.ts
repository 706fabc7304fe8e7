/** Passes the session down to components; each folder declares the part of it that it needs. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";

const context = createContext<unknown>(null);

export const Scope = context.Provider;

export function useScope<T>(): T {
  const session = useContext(context);
  if (!session) throw new Error("no session above this component");
  return session as T;
}
