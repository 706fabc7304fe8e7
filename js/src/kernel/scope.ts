/** What a view hands down to its components; each room types its own. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";

export function createScope<T>() {
  const context = createContext<T | null>(null);
  function use(): T {
    const value = useContext(context);
    if (!value) throw new Error("no session above this component");
    return value;
  }
  return { Scope: context.Provider, use };
}
