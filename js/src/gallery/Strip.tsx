import { useEffect } from "preact/hooks";
import { useStore } from "../kernel/store";
import { Chip } from "../pictures/buttons";
import { usePreview } from "../pictures/previews";
import { useSession } from "./session";

const SHOWN = 12;

function Small({ id }: { id: string }) {
  const url = usePreview(useSession().previews, id, 256);
  return <span class="sd-strip-tile">{url && <img src={url} alt="" draggable={false} />}</span>;
}

/** The newest pictures of the library in one line; it opens to all of them. */
export function Strip({ onOpen }: { onOpen(): void }) {
  const { gallery, pictures } = useSession();
  const found = useStore(gallery.found);
  useStore(pictures.version);
  useEffect(() => gallery.begin(), [gallery]);
  const total = found?.total ?? 0;
  const ids = Array.from({ length: Math.min(SHOWN, total) }, (_, at) => found?.known(at));
  return (
    <div class="sd-strip">
      <Chip aria-expanded={false} onClick={onOpen}>
        Gallery
      </Chip>
      <span class="sd-strip-tiles" aria-hidden="true">
        {ids.map((id) => id !== undefined && <Small key={id} id={id} />)}
      </span>
      <span class="sd-meta">
        {found && `${total.toLocaleString("en")} picture${total === 1 ? "" : "s"}`}
      </span>
    </div>
  );
}
