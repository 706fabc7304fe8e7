import { isSubmitKey } from "../controls/keys";
import { ReferencesField } from "../files/ReferencesField";
import { isActive } from "../files/uploads";
import { useStore } from "../kernel/store";
import { Advanced } from "./Advanced";
import { Counts } from "./Counts";
import { blocker, check } from "./checks";
import { Generate } from "./Generate";
import { ModelChange } from "./ModelPicker";
import { PromptField } from "./PromptField";
import { useSent } from "./region";
import { SizeField } from "./SizeField";
import { useSession } from "./session";

export function Compose() {
  const session = useSession();
  const { facts, form, images } = useSent();
  const references = useStore(session.references.shown);
  const uploading = useStore(session.uploads.tiles).filter(isActive).length;
  const checks = check(facts, form, images);

  function onKeyDown(event: KeyboardEvent) {
    // A held key repeats; that does not count as a further press, not even on the button.
    const onButton = (event.target as Element).closest(".sd-go") && event.key === "Enter";
    if (event.repeat && onButton) event.preventDefault();
    if (!isSubmitKey(event)) return;
    event.preventDefault();
    if (!event.repeat) session.actions.submit();
  }

  return (
    <form class="sd-compose" onSubmit={(event) => event.preventDefault()} onKeyDown={onKeyDown}>
      <ModelChange />
      <PromptField references={references.length} />
      <ReferencesField error={checks.references} />
      <SizeField checks={checks} />
      <Counts checks={checks} />
      <Advanced endpoint={checks.endpoint} />
      <Generate reason={blocker(checks, uploading, facts)} />
    </form>
  );
}
