import { Select } from "../controls/Select";
import { FileButton } from "../files/FileButton";
import { useStore } from "../kernel/store";
import type { Endpoint } from "./facts";
import { adaptForm, initialForm } from "./fields";
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

interface ChoiceProps {
  name: "enhance_prompt_mode" | "output_format" | "background";
  label: string;
  words: string[];
  /** A fixed value that can't be changed. */
  fixed?: string | undefined;
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** A choice of a few words; if it may be left open, the model's default comes first. */
function ChoiceField({ name, label, words, fixed }: ChoiceProps) {
  const { form, actions } = useSession();
  const value = useStore(form.values)[name];
  const open = initialForm[name] === null;
  const choices = words.map((word) => [word, capital(word)] as const);
  return (
    <label class="sd-option">
      <span>{label}</span>
      <Select
        value={fixed ? "" : (value ?? "")}
        disabled={fixed !== undefined}
        options={open ? [["", fixed ?? `Model's default (${words[0]})`], ...choices] : choices}
        onPick={(word) => actions.edit({ [name]: word || initialForm[name] })}
      />
    </label>
  );
}

function ChoiceFields({ endpoint }: { endpoint: Endpoint }) {
  const { form } = useSession();
  const { choices } = endpoint;
  const clear = adaptForm(endpoint, useStore(form.values)).background === "transparent";
  const shown = [
    { name: "enhance_prompt_mode", label: "Prompt enhancement" },
    { name: "background", label: "Background" },
    {
      name: "output_format",
      label: "File format",
      fixed: clear ? "PNG, for transparency" : undefined,
    },
  ] as const;
  return (
    <>
      {shown.map((row) => {
        const words = choices[row.name];
        return words && <ChoiceField key={row.name} {...row} words={words} />;
      })}
    </>
  );
}

/** Does what a drop on the prompt does, for users who can't drop files. */
function Restore() {
  const { actions } = useSession();
  return (
    <FileButton
      class="sd-link"
      title="Restore the form from a saved picture"
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
      {endpoint && <ChoiceFields endpoint={endpoint} />}
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
