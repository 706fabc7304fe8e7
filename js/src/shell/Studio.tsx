import { DropHint } from "../files/DropHint";
import { FilesScope } from "../files/session";
import { Compose } from "../form/Compose";
import { FormScope } from "../form/session";
import { Gallery } from "../gallery/Gallery";
import { Strip } from "../gallery/Strip";
import { GalleryScope } from "../gallery/session";
import { useStore } from "../kernel/store";
import { PicturesScope } from "../pictures/session";
import { Results } from "../results/Results";
import { ResultsScope } from "../results/session";
import { ViewerScope } from "../viewer/session";
import { Viewer } from "../viewer/Viewer";
import { Header } from "./Header";
import { KernelNotice, Said } from "./Notices";
import { type Session, ShellScope, useSession } from "./session";

function Page() {
  const { announcer, backend, channel, galleryOpen } = useSession();
  const { bills } = useStore(backend);
  const isOpen = useStore(galleryOpen);
  return (
    <>
      <Header />
      <KernelNotice {...{ announcer, channel, bills }} />
      <div class="sd-body">
        <Compose />
        <Results />
      </div>
      {isOpen ? (
        <Gallery onClose={() => galleryOpen.set(false)} />
      ) : (
        <Strip onOpen={() => galleryOpen.set(true)} />
      )}
      <DropHint place="references">Drop to add as reference images</DropHint>
      <Viewer />
      <Said announcer={announcer} />
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
                <GalleryScope value={session}>
                  <Page />
                </GalleryScope>
              </ViewerScope>
            </PicturesScope>
          </FilesScope>
        </FormScope>
      </ResultsScope>
    </ShellScope>
  );
}
