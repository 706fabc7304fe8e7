import { useEffect } from "preact/hooks";
import { Chip } from "../controls/buttons";
import { times } from "../kernel/numbers";
import { useStore } from "../kernel/store";
import { Preview } from "../pictures/Preview";
import { useSession } from "./session";
import { isNarrowed } from "./state";
import { counted } from "./words";

const SHOWN = 12;

/** The newest pictures of the library in one line; it opens to all of them. */
export function Strip({ onOpen }: { onOpen(): void }) {
  const { gallery, pictures } = useSession();
  const found = useStore(gallery.found);
  useStore(pictures.version);
  useEffect(() => gallery.begin(), [gallery]);
  const narrowed = isNarrowed(useStore(gallery.query));
  const total = found?.total ?? 0;
  const ids = times(Math.min(SHOWN, total), (at) => found?.known(at));
  return (
    <div class="sd-strip">
      <Chip aria-expanded={false} onClick={onOpen}>
        Gallery
      </Chip>
      <span class="sd-strip-tiles" aria-hidden="true">
        {ids.map(
          (id) =>
            id !== undefined && (
              <span key={id} class="sd-strip-tile">
                <Preview of={id} edge={256} />
              </span>
            ),
        )}
      </span>
      <span class="sd-meta">{found && counted(total) + (narrowed ? " found" : "")}</span>
    </div>
  );
}
