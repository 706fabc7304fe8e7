/** What is done with the pictures that are selected. */

import type { Undoable } from "../controls/Undo";
import { attempt, type Channel } from "../kernel/channel";
import { read } from "../kernel/parse";
import type { Store } from "../kernel/store";
import { codeReply, collectReply, type Outgoing, trashReply } from "../kernel/wire";
import { saveFile } from "../pictures/download";
import { listOf, type Pictures } from "../pictures/pictures";
import type { PicturesActions } from "../pictures/session";
import type { GalleryActions } from "./session";
import type { Gallery } from "./state";
import { counted } from "./words";

interface Parts {
  channel: Channel;
  gallery: Gallery;
  pictures: Pictures;
  announcer: { say(words: string): void };
  undoable: Store<Undoable | null>;
}

export function createGalleryActions(
  parts: Parts,
  open: PicturesActions["open"],
): Omit<GalleryActions, keyof PicturesActions> {
  const { channel, gallery, pictures, announcer, undoable } = parts;

  const selected = () => [...gallery.selected.get()];

  function ask(message: Outgoing) {
    gallery.error.set("");
    return attempt(channel.request(message), ({ message }) => gallery.error.set(message));
  }

  async function change(mark: { favourite?: boolean; rating?: number }, done: string) {
    const results = gallery.results();
    if (results.length === 0 || !(await ask({ kind: "mark", results, ...mark }))) return;
    for (const result of results) pictures.patch(result, mark);
    announcer.say(done);
  }

  /** The whole selection has it, or is to have it. */
  function favourite() {
    const known = selected().map(pictures.known);
    const mark = known.some((picture) => !picture?.favourite);
    void change({ favourite: mark }, mark ? "Marked as favourites" : "No longer favourites");
  }

  const rate = (rating: number) =>
    void change({ rating }, rating ? `Rated ${rating} of 5` : "Rating removed");

  async function remove() {
    const results = gallery.results();
    if (results.length === 0) return;
    const reply = await ask({ kind: "trash", results });
    const done = read(trashReply, reply?.result);
    if (!done) return;
    gallery.set([]);
    const words = `${counted(done.pictures)} of ${counted(done.results, "result")} ${
      done.pictures === 1 ? "is" : "are"
    } in the library's trash`;
    undoable.set({
      words,
      undo() {
        undoable.set(null);
        void ask({ kind: "restore", results }).then((back) => back && announcer.say("Restored"));
      },
    });
    announcer.say(`${words}. Undo brings them back`);
  }

  async function save(ids: string[]) {
    const [first] = ids;
    if (first === undefined) return;
    const message: Outgoing =
      ids.length === 1
        ? { kind: "original", image_id: first }
        : { kind: "archive", image_ids: ids };
    saveFile(await ask(message));
  }

  return {
    favourite,
    rate,
    remove: () => void remove(),
    compare() {
      const [first, ...others] = selected();
      if (first !== undefined && others.length > 0) open(listOf(others), 0, first);
    },
    async collect(collection) {
      const results = gallery.results();
      const reply = await ask({ kind: "collect", collection, results });
      const told = read(collectReply, reply?.result);
      if (!told) return "";
      pictures.collections.set(told.collections);
      const done = `Added to ${collection}`;
      announcer.say(done);
      return done;
    },
    saveSelected: () => save(selected()),
    saveAll: save,
    async codeOfSelected() {
      const reply = await ask({ kind: "code", image_ids: selected() });
      return read(codeReply, reply?.result)?.code ?? null;
    },
  };
}
