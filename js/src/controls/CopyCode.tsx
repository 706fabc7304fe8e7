import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "./buttons";
import { useSession } from "./session";

export const NO_CLIPBOARD = "This page may not write to the clipboard";

function Code({ text }: { text: string }) {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    area.current?.focus();
    area.current?.select();
  }, []);
  return (
    <textarea
      ref={area}
      class="sd-input sd-code"
      aria-label="Code"
      readOnly
      rows={Math.min(12, text.split("\n").length)}
      value={text}
    />
  );
}

/** Copies a request as Python; on hosts that block the clipboard it shows the text, selected. */
export function useCopyCode(ask: () => Promise<string | null>, look = "sd-link") {
  const { announcer } = useSession();
  const [shown, show] = useState("");
  const [copied, setCopied] = useState(false);
  async function copy() {
    const code = shown ? null : await ask();
    show("");
    if (!code) return;
    try {
      await navigator.clipboard.writeText(code);
      announcer.say("Code copied");
      setCopied(true);
      setTimeout(setCopied, 2000, false);
    } catch {
      show(code);
    }
  }
  const name = "Copy as code";
  return {
    button: (
      <Button class={look} aria-label={name} title={name} onClick={copy}>
        {copied ? "Copied" : look === "sd-link" ? "Code" : name}
      </Button>
    ),
    text: shown && <Code text={shown.trimEnd()} />,
  };
}
