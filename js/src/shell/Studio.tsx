import { DropHint } from "../files/DropHint";
import { Compose } from "../form/Compose";
import { Gallery } from "../gallery/Gallery";
import { Strip } from "../gallery/Strip";
import { SessionProvider } from "../kernel/session";
import { useStore } from "../kernel/store";
import { Results } from "../results/Results";
import { Viewer } from "../viewer/Viewer";
import { Header } from "./Header";
import { KernelNotice, LiveRegion } from "./Notices";
import { type Session, useSession } from "./session";

function Page() {
  const { announcer, backend, channel, galleryOpen } = useSession();
  const { bills } = useStore(backend);
  const isOpen = useStore(galleryOpen);
  return (
    <>
      <Header />
      <KernelNotice
        {...{ announcer, channel }}
        more={
          bills
            ? "; fal goes on with what was sent. After running the cell, press Fetch."
            : undefined
        }
      />
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
      <LiveRegion announcer={announcer} />
    </>
  );
}

export function Studio({ session }: { session: Session }) {
  return (
    <SessionProvider value={session}>
      <Page />
    </SessionProvider>
  );
}
