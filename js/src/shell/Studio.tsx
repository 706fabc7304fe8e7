import { DropHint } from "../files/DropHint";
import { FilesScope } from "../files/session";
import { Compose } from "../form/Compose";
import { FormScope } from "../form/session";
import { PicturesScope } from "../pictures/session";
import { Results } from "../results/Results";
import { ResultsScope } from "../results/session";
import { ViewerScope } from "../viewer/session";
import { Viewer } from "../viewer/Viewer";
import { Header } from "./Header";
import { KernelNotice, Said } from "./Notices";
import { type Session, ShellScope, useSession } from "./session";

function Page() {
  return (
    <>
      <Header />
      <KernelNotice />
      <div class="sd-body">
        <Compose />
        <Results />
      </div>
      <DropHint place="references">Drop to add as reference images</DropHint>
      <Viewer />
      <Said announcer={useSession().announcer} />
    </>
  );
}

/** The page of one session; each room's views see of it what they name. */
export function Studio({ session }: { session: Session }) {
  return (
    <ShellScope value={session}>
      <ResultsScope value={session}>
        <FormScope value={session}>
          <FilesScope value={session}>
            <PicturesScope value={session}>
              <ViewerScope value={session}>
                <Page />
              </ViewerScope>
            </PicturesScope>
          </FilesScope>
        </FormScope>
      </ResultsScope>
    </ShellScope>
  );
}
