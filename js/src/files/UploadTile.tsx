import { Button } from "../controls/buttons";
import { useAnnouncement } from "../controls/FieldError";
import { Close } from "../controls/icons";
import { Progress } from "../controls/Progress";
import { formatBytes } from "../kernel/bytes";
import { useSession } from "./session";
import type { UploadTile as Tile } from "./uploads";

/** In words short enough for the tile. */
export function progressWords({ phase, received, size }: Tile): string {
  if (phase === "sending") return `${Math.floor((100 * received) / size)} %`;
  return phase === "reading" ? "Reading" : "Waiting";
}

const PHASES = { waiting: "Waiting", sending: "Uploading", reading: "Reading", failed: "Failed" };

export function UploadTile({ tile }: { tile: Tile }) {
  const { actions } = useSession();
  const failed = tile.phase === "failed";
  useAnnouncement(tile.error);
  const about = `${tile.name}, ${formatBytes(tile.size)}. ${PHASES[tile.phase]}`;
  return (
    <li
      class={failed ? "sd-ref sd-ref-failed" : "sd-ref sd-ref-up"}
      title={about}
      aria-label={about}
    >
      {failed ? (
        <span class="sd-error">{tile.error}</span>
      ) : (
        <>
          {tile.picture && <img src={tile.picture} alt="" draggable={false} />}
          <span class="sd-far" aria-hidden="true">
            {progressWords(tile)}
          </span>
          <Progress
            label={`${PHASES[tile.phase]} ${tile.name}`}
            value={tile.phase === "sending" ? tile.received / tile.size : null}
          />
        </>
      )}
      <Button
        class="sd-remove"
        aria-label={failed ? `Dismiss ${tile.name}` : `Stop uploading ${tile.name}`}
        onClick={() => actions.dropUpload(tile.id)}
      >
        <Close />
      </Button>
    </li>
  );
}
