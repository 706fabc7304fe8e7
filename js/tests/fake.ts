/** A model as anywidget gives it, and a kernel behind it that does what a test says. */
import type { AnyModel } from "@anywidget/types";
import { initialForm } from "../src/form/fields";

type Listener = (...args: unknown[]) => void;

export const golden = import.meta.glob<Record<string, unknown>>("../../tests/messages/*.json", {
  eager: true,
  import: "default",
});

export const message = <T = Record<string, unknown>>(name: string): T =>
  structuredClone(golden[`../../tests/messages/${name}.json`]) as T;

/** What the kernel answers to "sync": its newest cards, or changes. */
export const synced = (seq: number, jobs: unknown[], more: object = {}) => ({
  ...{ seq, jobs, whole: true, gone: [], next: null, waiting: 0 },
  ...more,
});

export interface Sent {
  kind: string;
  id: string;
  [field: string]: unknown;
}

export const initialTraits = (): Record<string, unknown> => ({
  ...initialForm,
  model: "v4",
  selected: "",
  pinned: false,
  _shape: [],
  _references: [],
  _facts: message("facts"),
  _backend: { name: "fal", label: null, bills: true },
  _money: "",
  _arrived: "",
});

export class FakeModel {
  readonly sent: Sent[] = [];
  readonly buffers: unknown[][] = [];
  saves = 0;
  dead = false;
  /** Answers a message at once; undefined leaves it unanswered. */
  onSend: (message: Sent, buffers: ArrayBufferView[]) => Record<string, unknown> | undefined = () =>
    undefined;
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(readonly traits: Record<string, unknown> = initialTraits()) {}

  get(name: string) {
    return this.traits[name];
  }

  set(name: string, value: unknown) {
    if (JSON.stringify(this.traits[name]) === JSON.stringify(value)) return;
    this.traits[name] = value;
    this.emit(`change:${name}`);
  }

  save_changes() {
    this.saves += 1;
  }

  on(event: string, listener: Listener) {
    const all = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, all.add(listener));
  }

  off(event: string, listener: Listener) {
    this.listeners.get(event)?.delete(listener);
  }

  emit(event: string, ...args: unknown[]) {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...args);
  }

  send(content: Sent, _callbacks?: unknown, buffers: ArrayBufferView[] = []) {
    if (this.dead) throw new Error("Cannot send");
    this.sent.push(content);
    this.buffers.push(buffers);
    const result = this.onSend(content, buffers);
    if (result) queueMicrotask(() => this.say({ kind: "reply", id: content.id, result }));
  }

  /** A custom message from the kernel. */
  say(content: unknown, buffers: unknown[] = []) {
    this.emit("msg:custom", content, buffers);
  }

  reply(to: Sent, result: Record<string, unknown> = {}, buffers: unknown[] = []) {
    this.say({ kind: "reply", id: to.id, result }, buffers);
  }

  refuse(to: Sent, text: string, field: string | null = null, terms: unknown = null) {
    this.say({ kind: "error", id: to.id, message: text, field, terms });
  }

  of(kind: string): Sent[] {
    return this.sent.filter((content) => content.kind === kind);
  }

  last(kind: string): Sent {
    const found = this.of(kind).at(-1);
    if (!found) throw new Error(`no ${kind} was sent, only ${this.sent.map((one) => one.kind)}`);
    return found;
  }

  get listening(): number {
    return [...this.listeners.values()].reduce((sum, all) => sum + all.size, 0);
  }

  get any(): AnyModel {
    return this as unknown as AnyModel;
  }
}

/** Let every promise that is ready go on. */
export async function settle(rounds = 20) {
  for (let round = 0; round < rounds; round += 1) await Promise.resolve();
}
