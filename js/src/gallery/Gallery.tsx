import { useEffect, useRef, useState } from "preact/hooks";
import { useBusy } from "../controls/busy";
import { Chip, Grow, IconButton } from "../controls/buttons";
import { useCopyCode } from "../controls/CopyCode";
import { Close } from "../controls/icons";
import { Note } from "../controls/Note";
import { Select, type SelectOption } from "../controls/Select";
import { Undo } from "../controls/Undo";
import { times } from "../kernel/numbers";
import { consume, focusOn } from "../kernel/page";
import { useStore } from "../kernel/store";
import type { Filters } from "../kernel/wire";
import { DENSITIES, type Density } from "./layout";
import { PictureGrid } from "./PictureGrid";
import { useSession } from "./session";
import { isNarrowed } from "./state";
import { counted } from "./words";

const DENSITY_NAMES = { small: "Small", medium: "Medium", large: "Large" };

/** The filters shown under "More filters". */
const MORE_FILTERS = ["since", "until", "model", "rating", "fewer", "collection"] as const;

interface FilterProps {
  filters: Filters;
  change(next: Filters): void;
}

interface ToggleProps extends FilterProps {
  name: keyof Filters;
  value?: Filters[keyof Filters];
  children: string;
}

/** A filter that is on with one value, or off. */
const Toggle = ({ filters, change, name, value = true, children }: ToggleProps) => (
  <Chip
    aria-pressed={filters[name] === value}
    onClick={() => change({ [name]: filters[name] ? null : value })}
  >
    {children}
  </Chip>
);

const optionOf = (name: string): SelectOption => [name, name];

function MoreFilters({ id, ...filtering }: FilterProps & { id: string }) {
  const { filters, change } = filtering;
  const { pictures, models } = useSession();
  const collections = useStore(pictures.collections);
  const names = useStore(models);
  const day = (name: "since" | "until", label: string) => (
    <label>
      {label}
      <input
        type="date"
        class="sd-input"
        value={filters[name] ?? ""}
        onChange={({ currentTarget }) => change({ [name]: currentTarget.value || null })}
      />
    </label>
  );
  const choice = (
    name: "model" | "rating" | "collection",
    label: string,
    options: SelectOption[],
    read: (picked: string) => string | number = String,
  ) => (
    <label>
      {label}
      <Select
        value={filters[name] ?? ""}
        options={[["", "any"], ...options]}
        onPick={(picked) => change({ [name]: read(picked) || null })}
      />
    </label>
  );
  return (
    <fieldset class="sd-more" id={id}>
      <legend class="sd-hidden">More filters</legend>
      {day("since", "From")}
      {day("until", "To")}
      {choice("model", "Model", names.map(optionOf))}
      {choice(
        "rating",
        "Rated",
        [1, 2, 3, 4, 5].map((stars) => [stars, stars < 5 ? `${stars} or more` : "5"]),
        Number,
      )}
      {collections.length > 0 && choice("collection", "Collection", collections.map(optionOf))}
      <Toggle {...filtering} name="fewer">
        Fewer came than asked for
      </Toggle>
    </fieldset>
  );
}

function FilterBar({ onClose }: { onClose?: (() => void) | undefined }) {
  const { gallery, channel } = useSession();
  const query = useStore(gallery.query);
  const found = useStore(gallery.found);
  const density = useStore(gallery.density);
  const { filters } = query;
  const [more, setMore] = useState(MORE_FILTERS.some((name) => filters[name]));
  const change = (next: Filters) => gallery.filter({ ...filters, ...next });
  const sizes = Object.keys(DENSITIES) as Density[];
  const filtering = { filters, change };
  const moreId = `${channel.view}-gallery-more`;
  return (
    <>
      <div class="sd-bar">
        {onClose && (
          <IconButton aria-label="Close gallery" onClick={onClose}>
            <Close />
          </IconButton>
        )}
        <b>Gallery</b>
        <input
          type="search"
          class="sd-input sd-search"
          aria-label="Search prompts"
          placeholder="Search prompts"
          value={query.words}
          onInput={({ currentTarget }) => gallery.words(currentTarget.value)}
        />
        <Chip
          aria-pressed={Object.values(filters).every((value) => !value)}
          onClick={() => gallery.filter({})}
        >
          All
        </Chip>
        <Toggle {...filtering} name="session">
          This session
        </Toggle>
        <Toggle {...filtering} name="favourite">
          ★ Favourites
        </Toggle>
        <Toggle {...filtering} name="kind" value="edit">
          Edits
        </Toggle>
        <Chip aria-expanded={more} aria-controls={moreId} onClick={() => setMore(!more)}>
          More…
        </Chip>
        <Grow />
        <span class="sd-meta" role="status">
          {found ? counted(found.total) : "Searching…"}
        </span>
        <Chip
          title="Smaller or larger pictures"
          onClick={() =>
            gallery.density.set(sizes[(sizes.indexOf(density) + 1) % sizes.length] ?? "medium")
          }
        >
          {DENSITY_NAMES[density]}
        </Chip>
      </div>
      {more && <MoreFilters id={moreId} {...filtering} />}
    </>
  );
}

function AddToCollection() {
  const { actions, channel, pictures } = useSession();
  const collections = useStore(pictures.collections);
  const [open, setOpen] = useState(false);
  const [added, setAdded] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const list = `${channel.view}-collections`;
  useEffect(() => {
    if (open) field.current?.focus();
  }, [open]);
  function close() {
    focusOn(field.current?.form?.previousElementSibling as HTMLElement);
    setOpen(false);
  }
  return (
    <>
      <Chip aria-expanded={open} onClick={() => setOpen(!open)}>
        Add to…
      </Chip>
      {open ? (
        <form
          class="sd-add-to"
          onSubmit={(event) => {
            event.preventDefault();
            const name = field.current?.value.trim();
            if (name) void actions.collect(name).then(setAdded);
            close();
          }}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            consume(event);
            close();
          }}
        >
          <input
            ref={field}
            class="sd-input"
            aria-label="Collection"
            placeholder="Collection"
            maxLength={100}
            list={list}
          />
          <datalist id={list}>
            {collections.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <Chip type="submit">Add</Chip>
        </form>
      ) : (
        <span class="sd-meta">{added}</span>
      )}
    </>
  );
}

const RATINGS = times(6, (stars): SelectOption => [stars, stars ? `${stars} of 5` : "No rating"]);

function SelectionBar() {
  const session = useSession();
  const { actions, gallery, pictures, selectionName } = session;
  const selected = useStore(gallery.selected);
  useStore(pictures.version);
  const code = useCopyCode(actions.codeOfSelected, "sd-chip");
  const [saving, save] = useBusy(actions.saveSelected);
  if (selected.size === 0) return null;
  const ids = [...selected];
  const known = ids.map(pictures.known);
  const favourite = known.every((picture) => picture?.favourite);
  const rating = known[0]?.rating ?? 0;
  const same = known.every((picture) => picture?.rating === rating);
  const results = gallery.results();
  const all = results.reduce((sum, result) => sum + (pictures.known(`${result}:0`)?.count ?? 1), 0);
  return (
    <>
      <div class="sd-bar sd-selection" role="toolbar" aria-label="Selection">
        <b>{selected.size.toLocaleString("en")} selected</b>
        <Chip
          aria-disabled={selected.size < 2}
          title={selected.size < 2 ? "Select two pictures to compare them" : "Side by side"}
          onClick={() => selected.size > 1 && actions.compare()}
        >
          Compare
        </Chip>
        {ids.length === 1 &&
          session.onward
            ?.filter(({ only }) => !only || only(known[0]))
            .map(({ name, run }) => (
              <Chip key={name} onClick={() => run({ id: ids[0] as string })}>
                {name}
              </Chip>
            ))}
        {actions.useSelected && <Chip onClick={actions.useSelected}>Use as references</Chip>}
        <Chip aria-pressed={favourite} title="Favourite (F)" onClick={actions.favourite}>
          {favourite ? "★ Favourite" : "☆ Favourite"}
        </Chip>
        <Select
          aria-label="Rating"
          title="Rating (0 to 5)"
          value={same ? rating : ""}
          options={same ? RATINGS : [["", "Rated"], ...RATINGS]}
          onPick={(stars) => actions.rate(Number(stars))}
        />
        <AddToCollection key={ids.join()} />
        <Chip aria-busy={saving} onClick={save}>
          {saving ? "Saving…" : "Save"}
        </Chip>
        {code.button}
        <Chip
          title={
            all > selected.size
              ? `Whole results are deleted: ${all} pictures go into the library's trash`
              : "Into the library's trash (Delete)"
          }
          onClick={actions.remove}
        >
          {all > selected.size ? `Delete ${all} pictures` : "Delete"}
        </Chip>
        <Grow />
        <span class="sd-meta">
          In Python: <code>{selectionName}</code>
        </span>
      </div>
      {code.text && <div class="sd-bar">{code.text}</div>}
    </>
  );
}

/** All pictures of the library: searched, filtered, selected. */
export function Gallery({ onClose }: { onClose?: (() => void) | undefined }) {
  const { gallery, undoable } = useSession();
  const found = useStore(gallery.found);
  const error = useStore(gallery.error);
  const query = useStore(gallery.query);
  useEffect(() => gallery.begin(), [gallery]);
  return (
    <section class="sd-gallery" aria-label="Gallery">
      <FilterBar onClose={onClose} />
      {error && <Note class="sd-bar" role="alert" words={error} />}
      {found?.total === 0 ? (
        <p class="sd-empty">
          {isNarrowed(query)
            ? "No pictures match. Try other words or fewer filters."
            : "No pictures yet."}
        </p>
      ) : (
        <PictureGrid />
      )}
      <Undo of={undoable} class="sd-bar sd-undo" />
      <SelectionBar />
    </section>
  );
}
