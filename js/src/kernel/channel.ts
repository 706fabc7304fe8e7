/** Requests to the kernel and their answers: waits for slow answers, and reports a dead kernel. */

import type { AnyModel } from "@anywidget/types";
import { type Bytes, isBytes } from "./bytes";
import { createLivenessCheck } from "./liveness";
import { atEnd } from "./page";
import { read } from "./parse";
import { createStore, type Store } from "./store";
import { type Incoming, incoming, type Notice, type Outgoing, type Terms } from "./wire";

/** Milliseconds after which an answer is late. */
const PATIENCE = 1500;
/** The kernel is silent once nothing was received for so long, and a request was open so long. */
const SILENCE = 15_000;
const QUESTION_OPEN = 10_000;

export interface Reply {
  result: Record<string, unknown>;
  buffers: Bytes[];
}

/** The kernel refused; `message` is a sentence for the page. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly field: string | null = null,
    /** What a click would be sent under now, where that is what it is asked about. */
    readonly terms: Terms | null = null,
  ) {
    super(message);
  }
}

/** Wait for a request that may fail: null then, and the kernel's refusal is reported. */
export async function attempt<T>(
  request: Promise<T>,
  onRefusal: (refusal: Refusal) => void,
): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof Refusal) onRefusal(error);
    return null;
  }
}

export class TimedOut extends Error {}
export const UNREADABLE = "The kernel's answer can't be read; run the cell again.";
export const GONE = "The kernel is gone. Run the cell again.";
export const SILENT = "The kernel is busy, or gone";

export class KernelGone extends Error {
  override message = GONE;
}

export interface RequestOptions {
  buffers?: Uint8Array<ArrayBuffer>[];
  signal?: AbortSignal;
  /** Give up after so many milliseconds; without it the answer is waited for. */
  limit?: number;
  /** Known to be slow, so waiting for it does not mean that the kernel is busy. */
  quiet?: boolean;
}

export interface KernelState {
  waiting: boolean;
  gone: boolean;
  /** Nothing was heard for 15 s while an answer is due: it is busy, or gone. */
  silent: boolean;
}

export interface Channel {
  readonly view: string;
  readonly state: Store<KernelState>;
  request(message: Outgoing, options?: RequestOptions): Promise<Reply>;
  listen(listener: (notice: Notice) => void): void;
  onRevived(listener: () => void): void;
  /** Report that there is no kernel, until something is received again. */
  lose(): void;
}

interface Pending {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  late: boolean;
  quiet: boolean;
}

const abortError = () => new DOMException("Aborted", "AbortError");

/** Starts with a letter: element ids are made of it too. */
const createViewId = () =>
  `v${Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("")}`;

export function createChannel(model: AnyModel, ended: AbortSignal, view = createViewId()): Channel {
  const state = createStore<KernelState>({ waiting: false, gone: false, silent: false });
  const pending = new Map<string, Pending>();
  const listeners = new Set<(notice: Notice) => void>();
  const revived = new Set<() => void>();
  let count = 0;
  /** Gone by its silence: that a message goes out proves nothing. */
  let presumedGone = false;
  let lastHeard = 0;
  let silence: ReturnType<typeof setTimeout> | undefined;

  function updateState(change: Partial<KernelState> = {}) {
    const { gone, silent } = { ...state.get(), ...change };
    const waiting = !gone && [...pending.values()].some((entry) => entry.late);
    const next = { waiting, gone, silent: !gone && silent };
    if (JSON.stringify(next) !== JSON.stringify(state.get())) state.set(next);
  }

  /** From the first question on that nothing was heard after; its answer may be given up. */
  function watchSilence() {
    if (silence) return;
    const left = Math.max(QUESTION_OPEN, SILENCE - (Date.now() - lastHeard));
    silence = setTimeout(() => updateState({ silent: true }), left);
  }

  function endSilence() {
    lastHeard = Date.now();
    clearTimeout(silence);
    silence = undefined;
    updateState({ silent: false });
  }

  function failAll() {
    updateState({ gone: true });
    for (const entry of [...pending.values()]) entry.reject(new KernelGone());
  }

  function lose() {
    presumedGone = true;
    failAll();
  }

  const liveness = createLivenessCheck(model, view, lose);

  function noteAlive() {
    liveness.stop();
    endSilence();
    if (!presumedGone) return;
    presumedGone = false;
    updateState({ gone: false });
    for (const listener of revived) listener();
  }

  function receive(content: unknown, buffers: unknown) {
    const message = read(incoming, content);
    if (!message) return;
    noteAlive();
    deliver(message, buffers);
    if ([...pending.values()].some((entry) => !entry.quiet)) watchSilence();
  }

  function deliver(message: Incoming, buffers: unknown) {
    if (message.kind !== "reply" && message.kind !== "error") {
      for (const listener of listeners) listener(message);
      return;
    }
    const entry = pending.get(message.id);
    if (message.kind === "error")
      entry?.reject(new Refusal(message.message, message.field, message.terms));
    else {
      const bytes = Array.isArray(buffers) ? buffers.filter(isBytes) : [];
      entry?.resolve({ result: message.result, buffers: bytes });
    }
  }

  function send(message: Outgoing, id: string, buffers: Uint8Array<ArrayBuffer>[] = []) {
    try {
      model.send({ ...message, id }, undefined, buffers);
    } catch {
      failAll();
      return;
    }
    if (state.get().gone && !presumedGone) updateState({ gone: false });
  }

  function request(message: Outgoing, options: RequestOptions = {}): Promise<Reply> {
    count += 1;
    const id = `${view}-${count}`;
    return new Promise<Reply>((resolve, reject) => {
      const timers: ReturnType<typeof setTimeout>[] = [];
      const stop = () => settle(() => reject(abortError()));
      function settle(finish: () => void) {
        if (!pending.delete(id)) return;
        timers.forEach(clearTimeout);
        options.signal?.removeEventListener("abort", stop);
        updateState();
        finish();
      }
      const entry: Pending = {
        late: false,
        quiet: options.quiet ?? false,
        resolve: (reply) => settle(() => resolve(reply)),
        reject: (error) => settle(() => reject(error)),
      };
      pending.set(id, entry);
      if (options.signal?.aborted) return stop();
      options.signal?.addEventListener("abort", stop);
      if (!options.quiet) {
        watchSilence();
        const late = () => {
          entry.late = true;
          updateState();
          liveness.start();
        };
        timers.push(setTimeout(late, PATIENCE));
      }
      if (options.limit) {
        timers.push(setTimeout(() => entry.reject(new TimedOut()), options.limit));
      }
      send(message, id, options.buffers);
    });
  }

  /** Fires when the comm dies, and when it comes back; anywidget's model does not say which. */
  function commChanged() {
    const { comm_live } = model as { comm_live?: boolean };
    if (comm_live === false) return failAll();
    if (comm_live) presumedGone = false;
    if (comm_live && state.get().gone) updateState({ gone: false });
    // They ask the kernel something, and that goes through or not.
    for (const listener of revived) listener();
  }

  model.on("msg:custom", receive);
  model.on("comm_live_update", commChanged);
  atEnd(ended, () => {
    model.off("msg:custom", receive);
    model.off("comm_live_update", commChanged);
    liveness.stop();
    clearTimeout(silence);
    for (const entry of [...pending.values()]) {
      entry.reject(abortError());
    }
  });

  return {
    view,
    state,
    request,
    listen: (listener) => listeners.add(listener),
    onRevived: (listener) => revived.add(listener),
    lose,
  };
}
