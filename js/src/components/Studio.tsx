import { Compose } from "../form/Compose";
import { Header } from "./Header";
import { Announcer, DropHint, KernelNotice } from "./Notices";
import { Results } from "./Results";

export function Studio() {
  return (
    <>
      <Header />
      <KernelNotice />
      <div class="sd-body">
        <Compose />
        <Results />
      </div>
      <DropHint place="references">Drop to add as reference images</DropHint>
      <Announcer />
    </>
  );
}
