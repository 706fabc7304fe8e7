import { type Store, useStore } from "../store";
import { Compose } from "./Compose";
import { Header } from "./Header";
import { Announcer, KernelNotice } from "./Notices";
import { Results } from "./Results";

export function Studio({ dropping }: { dropping: Store<boolean> }) {
  const over = useStore(dropping);
  return (
    <>
      <Header />
      <KernelNotice />
      <div class="sd-body">
        <Compose />
        <Results />
      </div>
      {over && <div class="sd-drop">Drop to add as reference images</div>}
      <Announcer />
    </>
  );
}
