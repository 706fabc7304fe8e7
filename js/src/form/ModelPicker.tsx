/** The choice of a model, each with what matters for the current request. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useAnnouncement } from "../controls/FieldError";
import { RadioGroup } from "../controls/RadioGroup";
import { consume } from "../kernel/page";
import { useStore } from "../kernel/store";
import { joinPresent } from "../kernel/words";
import { endpointOf, type Model, modelOf } from "./facts";
import { describeChange, describeKept } from "./fields";
import { formatSpan, priceOf } from "./price";
import { useSent } from "./region";
import { useSession } from "./session";

/** What the current request would cost with a model. */
function usePriceOf(): (model: Model) => string {
  const session = useSession();
  const { facts, form, images } = useSent();
  const { bills } = useStore(session.backend);
  return (model) => {
    const endpoint = endpointOf(facts, model.name, images);
    const span = endpoint && priceOf(facts, endpoint, form, images);
    if (!span) return "";
    return bills ? formatSpan(span) : "free, offline";
  };
}

/** What the last change of model did to the form, and what is held back. */
function useModelChange(): string {
  const { facts, form, endpoint } = useSent();
  const before = useRef(form.model);
  const [line, setLine] = useState("");
  useEffect(() => {
    const [from, to] = [modelOf(facts, before.current), modelOf(facts, form.model)];
    if (from && to && from !== to) setLine(describeChange(from, to));
    before.current = form.model;
  }, [form.model]);
  return joinPresent(" ", line, describeKept(endpoint, form));
}

export function ModelPicker() {
  const { facts, form, actions } = useSession();
  const { models } = useStore(facts);
  const { model } = useStore(form.values);
  const priceOfModel = usePriceOf();
  const chosen = models.find((row) => row.name === model);
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  // Arrows choose, so the list stays open for them.
  useEffect(() => {
    if (open) list.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus();
  }, [open]);

  function close() {
    setOpen(false);
    button.current?.focus();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what is pressed is within
    <div
      class="sd-models"
      onKeyDown={(event) => {
        if (!open || (event.key !== "Escape" && event.key !== "Enter")) return;
        consume(event);
        close();
      }}
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget as Node | null)) setOpen(false);
      }}
    >
      <button
        ref={button}
        type="button"
        class="sd-select"
        aria-expanded={open}
        aria-label={`Model ${chosen?.label ?? model}`}
        onClick={() => setOpen(!open)}
      >
        {chosen?.label ?? (model || "…")}
      </button>
      {open && (
        // biome-ignore lint/a11y/noStaticElementInteractions: a click within has chosen
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys are above
        <div ref={list} onClick={close}>
          <RadioGroup
            label="Model"
            class="sd-model-list"
            optionClass="sd-model"
            value={model}
            options={models.map((row) => ({
              value: row.name,
              label: `${row.label}, ${priceOfModel(row)}, ${row.about}`,
              content: [
                <b key="name">{row.label}</b>,
                <span key="price">{priceOfModel(row)}</span>,
                <small key="about">{row.about}</small>,
              ],
            }))}
            onChange={(name) => actions.edit({ model: name })}
          />
        </div>
      )}
    </div>
  );
}

/** One line on what a change of model did to the form. */
export function ModelChange() {
  const line = useModelChange();
  useAnnouncement(line);
  return line ? <p class="sd-hint">{line}</p> : null;
}
