import { describe, expect, it } from "vitest";
import { backend, facts } from "../../src/form/facts";
import { createChannel } from "../../src/kernel/channel";
import { read } from "../../src/kernel/parse";
import {
  browseReply,
  codeReply,
  collectReply,
  differenceReply,
  gridReply,
  incoming,
  ledgerReply,
  type Outgoing,
  olderReply,
  originalReply,
  pickReply,
  picturesReply,
  previewReply,
  receiptReply,
  receivedReply,
  standingReply,
  submitReply,
  syncReply,
  trashReply,
  voteReply,
} from "../../src/kernel/wire";
import { FakeModel, golden, message } from "../fake";

const OUTGOING = [
  "submit",
  "cancel",
  "sync",
  "write",
  "upload",
  "chunk",
  "probe",
  "abandon",
  "arrange",
  "use_result",
  "use_address",
  "ask_again",
  "preview",
  "original",
  "forget",
  "older",
  "show_again",
  "resume",
  "code",
  "upload_restore",
  "look",
  "region",
  "receipt",
  "difference",
  "browse",
  "pick",
  "pictures",
  "mark",
  "trash",
  "restore",
  "collect",
  "archive",
  "grid",
  "vote",
  "ledger",
  "ask",
  "stop",
  "export",
];
const INCOMING = Object.keys(golden)
  .map((path) => path.replace(/^.*\/(.*)\.json$/, "$1"))
  .filter((name) =>
    /^(reply_|job_|error|uploaded|upload_failed|restored|forgotten|unsaved|library|cells)/.test(
      name,
    ),
  );

describe("page to kernel", () => {
  it.each(OUTGOING)("builds %s as the golden file has it", (name) => {
    const wanted = message<{ id: string }>(name);
    const model = new FakeModel();
    const { id, ...content } = wanted;
    const [view, number] = id.split("-") as [string, string];
    const channel = createChannel(model.any, new AbortController().signal, view);
    for (let count = 1; count < Number(number); count += 1) {
      channel.request({ kind: "sync" }).catch(() => {});
    }
    channel.request(content as unknown as Outgoing).catch(() => {});
    expect(model.sent.at(-1)).toEqual(wanted);
  });
});

describe("kernel to page", () => {
  it("finds the golden files", () => {
    expect(INCOMING.length).toBeGreaterThanOrEqual(15);
  });

  it.each(INCOMING)("reads %s without losing a field", (name) => {
    expect(read(incoming, message(name))).toEqual(message(name));
  });

  it.each([
    ["reply_sync", syncReply],
    ["reply_older", olderReply],
    ["reply_submit", submitReply],
    ["reply_code", codeReply],
    ["reply_upload", receivedReply],
    ["reply_chunk", receivedReply],
    ["reply_preview", previewReply],
    ["reply_original", originalReply],
    ["reply_region", previewReply],
    ["reply_receipt", receiptReply],
    ["reply_difference", differenceReply],
    ["reply_browse", browseReply],
    ["reply_pick", pickReply],
    ["reply_grid", gridReply],
    ["reply_ledger", ledgerReply],
    ["reply_vote", voteReply],
    ["reply_ask", standingReply],
    ["reply_stop", standingReply],
    ["reply_export", originalReply],
    ["reply_pictures", picturesReply],
    ["reply_trash", trashReply],
    ["reply_collect", collectReply],
    ["reply_archive", originalReply],
  ] as const)("reads the result of %s", (name, parse) => {
    const { result } = message<{ result: object }>(name);
    expect(result).toMatchObject(read<object>(parse, result) ?? { none: true });
  });

  it("reads the facts without losing a field", () => {
    expect(read(facts, message("facts"))).toEqual(message("facts"));
  });

  it("takes a card whose size was left to its default", () => {
    const job = message<{ job: { form: { image_size: unknown } } }>("job_completed");
    job.job.form.image_size = null;
    expect(read(incoming, job)).toEqual(job);
  });

  it.each([
    null,
    "job",
    { kind: "job" },
    { kind: "nonsense" },
    { kind: "job", seq: "1", job: {} },
    { ...message("job_completed"), seq: 1.5 },
    { ...message("error"), message: 3 },
    { kind: "reply", id: "a1-1", result: [] },
  ])("passes over %j", (value) => {
    expect(read(incoming, value)).toBeNull();
  });

  it("refuses a backend that is none", () => {
    expect(read(backend, { name: "fal", label: 3, bills: true })).toBeNull();
  });
});
