import { DropHint } from "../files/DropHint";
import { Compose } from "../form/Compose";
import { Results } from "../results/Results";
import { Header } from "./Header";
import { Announcer, KernelNotice } from "./Notices";

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
