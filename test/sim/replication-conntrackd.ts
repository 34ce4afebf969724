/**
 * A model of conntrackd 1.4.7 in FTFW mode, made from what its captures show and as plain as can be: what it accepts, answers,
 * sends again and forgets, with its weaknesses. Flows only, external cache on, no filter.
 */
import type { KernelNews } from "../../src/replication/internal-cache.ts";
import { FlowReader } from "../../src/wire/ctnetlink/flow-reader.ts";
import { RecordMerger } from "../../src/wire/flow-merge.ts";
import { checkFlow, Span, swapPortsAndIds } from "../../src/wire/flow-record.ts";
import {
  CONTROL,
  CT_DEL,
  CT_NEW,
  CT_UPD,
  headerWord,
  SYNC_ACK,
  SYNC_ALIVE,
  SYNC_HELLO,
  SYNC_HELLO_BACK,
  SYNC_NACK,
  SYNC_RESYNC,
  SyncCursor,
  writeSyncHeader,
  writeSyncRange,
} from "../../src/wire/flow-sync.ts";
import { flowOfRecord, kernelAttributes, keyOf, type SimFlow, saying } from "./replication-flow.ts";
import { SimKernel } from "./replication-kernel.ts";
import type { Send, SimNode } from "./replication-node.ts";

const SECOND = 1_000_000;
const CAPACITY = 1472;
const CONTROL_FLAGS = SYNC_ACK | SYNC_NACK | SYNC_RESYNC | SYNC_ALIVE;

interface Entry {
  record: Uint8Array;
  status: "new" | "updated" | "dead";
}

/** An object by its key, or a control message; `sequence` once it was sent. */
interface Item {
  readonly key?: string;
  readonly control?: { readonly flags: number; readonly from: number; readonly to: number };
  sequence: number;
}

const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;
const spanOf = (bytes: Uint8Array): Span =>
  new Span(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
const bytesOf = ({ view, at, size }: Span): Uint8Array =>
  new Uint8Array(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + size));

export interface ConntrackdOptions {
  readonly startSequence: number;
  readonly resendQueueSize: number;
  readonly windowSize: number;
  readonly send: Send;
}

export class SimConntrackd implements SimNode {
  readonly kernel = new SimKernel();
  readonly #options: ConntrackdOptions;
  readonly #reader = new FlowReader({ timeouts: true, windowScales: false });
  readonly #merger = new RecordMerger("flow");
  readonly #internal = new Map<string, Entry>();
  readonly #external = new Map<string, Uint8Array>();
  #transmit: Item[] = [];
  #resend: Item[] = [];
  #next = 0;
  #starts = 0;
  #hello: "init" | "say" | "done" = "init";
  #sayHelloBack = false;
  #last: number | undefined;
  #ackFrom: number | undefined;
  #window = 0;
  #timerAt = 0;

  constructor(options: ConntrackdOptions) {
    this.#options = options;
    this.restart(0);
  }

  restart(at: number): void {
    this.#internal.clear();
    this.#external.clear();
    this.#transmit = [];
    this.#resend = [];
    this.#next = (this.#options.startSequence + Math.floor(at / SECOND) + this.#starts) >>> 0;
    this.#starts += 1;
    this.#hello = "init";
    this.#sayHelloBack = false;
    this.#last = undefined;
    this.#ackFrom = undefined;
    this.#window = this.#options.windowSize;
    this.#timerAt = at + SECOND;
    for (const flow of this.kernel.flows.values())
      this.#internal.set(keyOf(flow), { record: this.#recordOf(flow), status: "new" });
    this.kernel.listener = (news, flow) => this.#event(news, flow);
  }

  internal(): string[] {
    return [...this.#internal.values()]
      .filter(({ status }) => status !== "dead")
      .map(({ record }) => saying(flowOfRecord(spanOf(record))))
      .toSorted();
  }

  external(): string[] {
    return [...this.#external.values()]
      .map((record) => saying(flowOfRecord(spanOf(record))))
      .toSorted();
  }

  /** conntrackd -B. */
  sendAll(): void {
    for (const [key, { status }] of this.#internal) if (status !== "dead") this.#queue(key);
  }

  /** conntrackd -n. */
  requestResync(): void {
    this.#control(SYNC_RESYNC, 0, 0);
  }

  deadline(): number {
    return this.#transmit.length > 0 ? 0 : this.#timerAt;
  }

  run(at: number): void {
    if (at >= this.#timerAt) {
      this.#timerAt = at + SECOND;
      if (this.#ackFrom !== undefined && this.#last !== undefined) {
        this.#control(SYNC_ACK, this.#ackFrom, this.#last);
        this.#ackFrom = undefined;
      } else {
        this.#control(SYNC_ALIVE, 0, 0);
      }
    }
    if (this.#transmit.length > 0) this.#flush(at);
  }

  receive(datagram: Uint8Array, at: number): void {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const cursor = new SyncCursor(view);
    cursor.reset(view.byteLength);
    while (cursor.next()) if (cursor.fault === undefined) this.#message(cursor);
    this.run(at);
  }

  #recordOf(flow: SimFlow): Uint8Array {
    this.#reader.read(kernelAttributes(flow));
    return bytesOf(this.#reader.record);
  }

  #event(news: KernelNews, flow: SimFlow): void {
    const key = keyOf(flow);
    const entry = this.#internal.get(key);
    if (news === "destroy") {
      if (entry === undefined || entry.status === "dead") return;
      entry.status = "dead";
    } else if (entry === undefined || entry.status === "dead") {
      this.#internal.set(key, { record: this.#recordOf(flow), status: "new" });
    } else {
      entry.record = bytesOf(
        this.#merger.merge(spanOf(entry.record), spanOf(this.#recordOf(flow))),
      );
      entry.status = "updated";
    }
    this.#queue(key);
  }

  #queue(key: string): void {
    if (this.#transmit.some((item) => item.key === key)) return;
    this.#resend = this.#resend.filter((item) => item.key !== key);
    this.#transmit.push({ key, sequence: 0 });
  }

  #control(flags: number, from: number, to: number): void {
    this.#transmit.push({ control: { flags, from, to }, sequence: 0 });
  }

  #flush(at: number): void {
    const out = new DataView(new ArrayBuffer(2048));
    let size = 0;
    const send = (): void => {
      if (size > 0) this.#options.send(new Uint8Array(out.buffer.slice(0, size)));
      size = 0;
    };
    for (const item of this.#transmit) {
      const needed = this.#sizeOf(item);
      if (needed === 0) continue;
      if (size + needed >= CAPACITY) send();
      this.#write(item, out, size);
      size += needed;
      this.#keep(item);
    }
    this.#transmit = [];
    send();
    this.#timerAt = at + SECOND;
  }

  #sizeOf({ key, control }: Item): number {
    if (control !== undefined) return control.flags === SYNC_ALIVE ? 8 : 16;
    const entry = this.#internal.get(key!);
    return entry === undefined ? 0 : 8 + entry.record.length;
  }

  #write(item: Item, out: DataView, at: number): void {
    if (this.#hello === "init") this.#hello = "say";
    let flags = this.#hello === "say" ? SYNC_HELLO : 0;
    if (this.#sayHelloBack) flags |= SYNC_HELLO_BACK;
    this.#sayHelloBack = false;
    item.sequence = this.#next;
    this.#next = (this.#next + 1) >>> 0;
    const size = this.#sizeOf(item);
    if (item.control !== undefined) {
      const { from, to } = item.control;
      writeSyncHeader(
        out,
        at,
        headerWord(CONTROL, item.control.flags | flags, size),
        item.sequence,
      );
      if (size === 16) writeSyncRange(out, at, from, to);
      return;
    }
    const { record, status } = this.#internal.get(item.key!)!;
    const type = { new: CT_NEW, updated: CT_UPD, dead: CT_DEL }[status];
    writeSyncHeader(out, at, headerWord(type, flags, size), item.sequence);
    new Uint8Array(out.buffer).set(record, at + 8);
    swapPortsAndIds(new Span(out, at + 8, record.length));
  }

  #keep(item: Item): void {
    if (item.control?.flags === SYNC_ALIVE) return;
    if (this.#resend.length >= this.#options.resendQueueSize) this.#forget(this.#resend.shift()!);
    this.#resend.push(item);
  }

  /** What died lives on until the peer has heard of it, or will not. */
  #forget({ key }: Item): void {
    if (key !== undefined && this.#internal.get(key)?.status === "dead") this.#internal.delete(key);
  }

  #message(message: SyncCursor): void {
    const { sequence, flags } = message;
    const isHello = (flags & SYNC_HELLO) !== 0;
    if (isHello) this.#greet(sequence);
    if ((flags & SYNC_HELLO_BACK) !== 0 && this.#hello === "say") this.#hello = "done";
    const last = this.#last;
    const isNext = last === undefined || sequence === (last + 1) >>> 0;
    if (!isHello && !isNext && !before(last, sequence)) return;
    this.#handle(message);
    if (isHello || isNext) this.#count(sequence);
    else this.#gap(last, sequence);
    this.#last = sequence;
  }

  #greet(sequence: number): void {
    this.#sayHelloBack = true;
    if (this.#ackFrom !== undefined && before(sequence, this.#ackFrom)) {
      this.#window = this.#options.windowSize - 1;
      this.#ackFrom = sequence;
    }
    for (const item of this.#resend) this.#forget(item);
    this.#resend = [];
  }

  #gap(last: number, sequence: number): void {
    if (this.#ackFrom !== undefined) this.#control(SYNC_ACK, this.#ackFrom, last);
    this.#control(SYNC_NACK, (last + 1) >>> 0, (sequence - 1) >>> 0);
    this.#window = this.#options.windowSize - 1;
    this.#ackFrom = sequence;
  }

  #count(sequence: number): void {
    this.#ackFrom ??= sequence;
    this.#window -= 1;
    if (this.#window > 0) return;
    this.#control(SYNC_ACK, this.#ackFrom, sequence);
    this.#window = this.#options.windowSize;
    this.#ackFrom = undefined;
  }

  #handle({ type, flags, body, from, to }: SyncCursor): void {
    const inRange = ({ sequence }: Item): boolean =>
      !before(sequence, from) && !before(to, sequence);
    if (type !== CONTROL) this.#data(type, body);
    else if ((flags & CONTROL_FLAGS & SYNC_ACK) !== 0) {
      for (const item of this.#resend.filter(inRange)) this.#forget(item);
      this.#resend = this.#resend.filter((item) => !inRange(item));
    } else if ((flags & SYNC_NACK) !== 0) {
      const missed = this.#resend.filter(inRange);
      this.#resend = this.#resend.filter((item) => !inRange(item));
      this.#transmit.push(...missed);
    } else if ((flags & SYNC_RESYNC) !== 0) this.sendAll();
  }

  #data(type: number, body: Span): void {
    if (checkFlow(body) !== undefined) return;
    swapPortsAndIds(body);
    const key = keyOf(flowOfRecord(body));
    const known = this.#external.get(key);
    if (type === CT_DEL) this.#external.delete(key);
    else if (type === CT_NEW || known === undefined) this.#external.set(key, bytesOf(body));
    else this.#external.set(key, bytesOf(this.#merger.merge(spanOf(known), body)));
  }
}
