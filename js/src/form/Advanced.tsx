import { FileButton } from "../files/FileButton";
import { useStore } from "../kernel/store";
import type { EnhanceMode } from "../kernel/wire";
import type { Endpoint } from "./facts";
import { useSession } from "./session";

interface SwitchProps {
  name: "enable_safety_checker" | "sync_mode";
  label: string;
  hint?: string;
}

function Switch({ name, label, hint }: SwitchProps) {
  const { form, actions } = useSession();
  return (
    <label class="sd-check">
      <input
        type="checkbox"
        checked={useStore(form.values)[name]}
        onChange={(event) => actions.edit({ [name]: event.currentTarget.checked })}
      />
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
    </label>
  );
}

function Enhancement() {
  const { form, actions } = useSession();
  return (
    <label class="sd-option">
      <span>Prompt enhancement</span>
      <select
        class="sd-select"
        value={useStore(form.values).enhance_prompt_mode}
        onChange={(event) =>
          actions.edit({ enhance_prompt_mode: event.currentTarget.value as EnhanceMode })
        }
      >
        <option value="standard">Standard</option>
        <option value="fast">Fast</option>
      </select>
    </label>
  );
}

/** What a drop on the prompt does, for who can't drop. */
function Restore() {
  const { actions } = useSession();
  return (
    <FileButton
      class="sd-link"
      title="Set the form as it was for a saved picture"
      onFiles={(files) => actions.addFiles(files, "prompt")}
    >
      Restore from file…
    </FileButton>
  );
}

export function Advanced({ endpoint }: { endpoint: Endpoint | null }) {
  const has = (name: string) => endpoint?.arguments.includes(name) ?? false;
  return (
    <details class="sd-advanced">
      <summary>Advanced</summary>
      {has("enhance_prompt_mode") && <Enhancement />}
      {has("enable_safety_checker") && (
        <Switch name="enable_safety_checker" label="Safety checker" />
      )}
      {has("sync_mode") && (
        <Switch
          name="sync_mode"
          label="Sync mode"
          hint="images come inside the reply; not kept in fal's history"
        />
      )}
      <Restore />
    </details>
  );
}
