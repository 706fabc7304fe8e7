import { FieldError } from "../controls/FieldError";
import { Plus } from "../controls/icons";
import { Label } from "../controls/Label";
import { useStore } from "../kernel/store";
import { IMAGE_DRAG, needsShift, REFERENCE_DRAG, useOwnDrops } from "./drops";
import { FileButton } from "./FileButton";
import { ReferenceTile } from "./ReferenceTile";
import { useSession } from "./session";
import { UploadTile } from "./UploadTile";

const ZONE_TITLE = "Drop, paste or browse. If a drop does nothing, hold Shift while you drop.";

function AddButton() {
  const { actions } = useSession();
  return (
    <FileButton
      class="sd-add"
      label="Add images"
      title={ZONE_TITLE}
      multiple
      onFiles={(files) => actions.addFiles(files)}
    >
      <Plus />
    </FileButton>
  );
}

/** Result tiles dragged here become references; reference tiles dropped past the last go last. */
function useZone() {
  const { actions, references } = useSession();
  return useOwnDrops([IMAGE_DRAG, REFERENCE_DRAG], (event) => {
    // A tile has taken it.
    if (event.defaultPrevented) return;
    const image = event.dataTransfer?.getData(IMAGE_DRAG);
    const reference = event.dataTransfer?.getData(REFERENCE_DRAG);
    if (image) actions.addResult(image);
    else if (reference) actions.moveReference(reference, references.ids().length);
  });
}

export function ReferencesField({ error }: { error: string | null }) {
  const { channel, facts, errors, references, uploads } = useSession();
  const shown = useStore(references.shown);
  const tiles = useStore(uploads.tiles).filter((tile) => !tile.onError);
  const most = useStore(facts).limits.references;
  const told = useStore(errors.all).references ?? error;
  const { over, handlers } = useZone();
  const noteId = `${channel.view}-references`;
  const empty = shown.length + tiles.length === 0;
  return (
    <div class="sd-field">
      <Label name="Reference images">
        {shown.length > 0 ? `${shown.length} of ${most} · edit` : `optional, up to ${most}`}
      </Label>
      <div class={over ? "sd-refs sd-over" : "sd-refs"} {...handlers}>
        <ul
          class="sd-list"
          // biome-ignore lint/a11y/noRedundantRoles: Safari drops the role of an unstyled list
          role="list"
          aria-label="Reference images"
          aria-describedby={told ? noteId : undefined}
        >
          {shown.map((reference, index) => (
            <ReferenceTile key={reference.id} {...{ reference, index, count: shown.length }} />
          ))}
          {tiles.map((tile) => (
            <UploadTile key={tile.id} tile={tile} />
          ))}
        </ul>
        {shown.length < most && <AddButton />}
        {shown.length < 2 && (
          <span class="sd-hint sd-grow" title={ZONE_TITLE}>
            {needsShift() ? "Drop with Shift held, paste or browse" : "Drop, paste or browse"}{" "}
            {empty ? "images to edit them." : "for more."}
          </span>
        )}
      </div>
      <FieldError id={noteId}>{told}</FieldError>
    </div>
  );
}
