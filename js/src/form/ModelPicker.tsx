/** Which Seedream: each told apart by what matters for this very request. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useSaid } from "../files/FieldError";
import { claim } from "../kernel/page";
import { useStore } from "../kernel/store";
import { joined } from "../kernel/words";
import { endpointOf, type Model, modelOf } from "./facts";
import { formatSpan, priceOf } from "./price";
import { RadioGroup } from "./RadioGroup";
import { useSent } from "./region";
import { useSession } from "./session";
import { changes, kept, takes } from "./taken";

/** What the request as it stands would cost with a model. */
function usePrice(): (model: Model) => string {
  const session = useSession();
  const { facts, form, images } = useSent();
  const { bills } = useStore(session.backend);
  return (model) => {
    const endpoint = endpointOf(facts, model.name, images);
    const price = endpoint && priceOf(facts, endpoint, form, images);
    if (!price) return "";
    return bills ? formatSpan(price) : "free, offline";
  };
}

function traits(model: Model): string {
  const edit = model.endpoints.edit;
  const text = model.endpoints["text-to-image"] ?? edit;
  if (!text) return "";
  const most = `up to ${(text.rule.max_pixels / 1e6).toFixed(1)} MP`;
  const references = edit ? `${edit.max_inputs} references` : "no references yet";
  const unsure = Object.values(model.endpoints).some((row) => row.unconfirmed.length > 0);
  const seed = takes(text, "seed") ? "seed" : "no seed";
  return joined(" · ", most, references, seed, model.speed, unsure && "partly unconfirmed");
}

/** What the last change of model did to the form, and what is held back. */
function useChange(): string {
  const session = useSession();
  const facts = useStore(session.facts);
  const form = useStore(session.form.values);
  const before = useRef(form.model);
  const [line, setLine] = useState("");
  useEffect(() => {
    const [from, to] = [modelOf(facts, before.current), modelOf(facts, form.model)];
    if (from && to && from !== to) setLine(changes(from, to));
    before.current = form.model;
  }, [form.model]);
  const endpoint = endpointOf(facts, form.model, useStore(session.references.shown).length);
  return joined(" ", line, kept(endpoint, form));
}

export function ModelPicker() {
  const { facts, form, actions } = useSession();
  const { models } = useStore(facts);
  const { model } = useStore(form.values);
  const price = usePrice();
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
        claim(event);
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
              label: `${row.label}, ${price(row)}, ${traits(row)}`,
              content: [
                <b key="name">{row.label}</b>,
                <span key="price">{price(row)}</span>,
                <small key="traits">{traits(row)}</small>,
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
  const line = useChange();
  useSaid(line);
  return line ? <p class="sd-hint">{line}</p> : null;
}
