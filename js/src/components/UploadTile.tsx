import { formatBytes } from "../bytes";
import { useSession } from "../session";
import type { UploadTile as Tile } from "../uploads";
import { Close } from "./icons";

const PHASES = { waiting: "Waiting", sending: "Uploading", reading: "Reading", failed: "Failed" };

function Progress({ tile }: { tile: Tile }) {
  const percent = Math.round((100 * tile.received) / tile.size);
  const known = tile.phase === "sending";
  return (
    <span
      class={known ? "sd-track" : "sd-track sd-unknown"}
      role="progressbar"
      aria-label={`${PHASES[tile.phase]} ${tile.name}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? percent : undefined}
    >
      <i style={known ? { width: `${percent}%` } : undefined} />
    </span>
  );
}

export function UploadTile({ tile }: { tile: Tile }) {
  const { actions } = useSession();
  const failed = tile.phase === "failed";
  const about = `${tile.name}, ${formatBytes(tile.size)}. ${PHASES[tile.phase]}`;
  return (
    <li
      class={failed ? "sd-ref sd-ref-failed" : "sd-ref sd-ref-up"}
      title={about}
      aria-label={about}
    >
      {failed ? (
        <span class="sd-fault">{tile.fault}</span>
      ) : (
        <>
          {tile.picture && <img src={tile.picture} alt="" draggable={false} />}
          <Progress tile={tile} />
        </>
      )}
      <button
        type="button"
        class="sd-remove"
        aria-label={failed ? `Dismiss ${tile.name}` : `Stop uploading ${tile.name}`}
        onClick={() => actions.dropUpload(tile.id)}
      >
        <Close />
      </button>
    </li>
  );
}
