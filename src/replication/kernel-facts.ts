/**
 * What two Duets tell each other of their kernels, every ten seconds, as marks of sync-mark.ts: whether a failover would keep
 * the connections depends on both, and how much may be sent at once on the sockets that receive it. Anything that does not show
 * the Duet flag is told nothing, and tells nothing.
 *
 *    mark       number: bits 0-7              bit 8             value
 *    max        four switches, 2 bits each    value is known    entries that the table takes
 *    buckets    0                             value is known    buckets of the table
 *    count      0                             value is known    entries in the table
 *    room       0                             0                 messages that the sockets' buffers hold; only where known
 *
 * Switches, from bit 0: tcp_be_liberal, events, accounting, timestamps; 0 is unknown, 1 off, 2 on.
 */
import { after, type Duration, type Instant, seconds } from "../base/time.ts";
import type { ControlMessage } from "./datagram-packer.ts";
import {
  MARK_BUCKETS,
  MARK_COUNT,
  MARK_MAX,
  MARK_ROOM,
  markMessage,
  type SyncMark,
} from "./sync-mark.ts";

/** Sysctls of net.netfilter. Null: the kernel does not say. */
export interface KernelFacts {
  /** Entries that the table takes at most. */
  readonly max: number | null;
  readonly buckets: number | null;
  /** Entries now. */
  readonly count: number | null;
  readonly tcpBeLiberal: boolean | null;
  readonly events: boolean | null;
  readonly accounting: boolean | null;
  readonly timestamps: boolean | null;
}

const TELL_INTERVAL: Duration = seconds(10);
const IS_KNOWN = 0x100;
const SWITCH_BITS = 2;
const SWITCH_MASK = 3;
const VALUE_MAX = 0xffff_ffff;

const NOTHING: readonly ControlMessage[] = [];
const UNKNOWN: KernelFacts = {
  max: null,
  buckets: null,
  count: null,
  tcpBeLiberal: null,
  events: null,
  accounting: null,
  timestamps: null,
};

/** Both sides of the exchange: what this kernel is like, and what the peer said of its own. */
export class FactsExchange {
  #own: KernelFacts | undefined;
  #ownRoom: number | undefined;
  #heard: KernelFacts = UNKNOWN;
  /** Kinds of marks that were heard: the picture is whole when all were. */
  readonly #kinds = new Set<number>();
  #tellAt: Instant | undefined;

  /** What the peer's kernel is like; undefined while it has not told all of it. */
  get peer(): KernelFacts | undefined {
    return this.#kinds.size === 3 ? this.#heard : undefined;
  }

  setOwn(facts: KernelFacts): void {
    if (this.#own === undefined) this.#tellAt = undefined;
    this.#own = facts;
  }

  /** How many messages the sockets here hold; undefined where that is not known. */
  setRoom(messages: number | undefined): void {
    this.#ownRoom = messages;
  }

  /** The peer began anew: it may be another program, or another kernel. */
  forget(): void {
    this.#heard = UNKNOWN;
    this.#kinds.clear();
    this.#tellAt = undefined;
  }

  /** Takes in a mark; those of other kinds are left alone. */
  hear({ kind, number, value }: SyncMark): void {
    const amount = (number & IS_KNOWN) === 0 ? null : value;
    if (kind === MARK_MAX) this.#heard = { ...this.#heard, max: amount, ...switchesOf(number) };
    else if (kind === MARK_BUCKETS) this.#heard = { ...this.#heard, buckets: amount };
    else if (kind === MARK_COUNT) this.#heard = { ...this.#heard, count: amount };
    else return;
    this.#kinds.add(kind);
  }

  /** What is to be told now to a peer that is a Duet and hears us. */
  due(now: Instant): readonly ControlMessage[] {
    if (this.#tellAt !== undefined && now < this.#tellAt) return NOTHING;
    const messages = [...roomMessages(this.#ownRoom), ...factMessages(this.#own)];
    if (messages.length > 0) this.#tellAt = after(now, TELL_INTERVAL);
    return messages;
  }
}

function roomMessages(messages: number | undefined): readonly ControlMessage[] {
  if (messages === undefined) return NOTHING;
  return [markMessage({ kind: MARK_ROOM, number: 0, value: Math.min(messages, VALUE_MAX) })];
}

function factMessages(facts: KernelFacts | undefined): readonly ControlMessage[] {
  if (facts === undefined) return NOTHING;
  return [
    factMessage(MARK_MAX, facts.max, switchBits(facts)),
    factMessage(MARK_BUCKETS, facts.buckets, 0),
    factMessage(MARK_COUNT, facts.count, 0),
  ];
}

const factMessage = (kind: number, amount: number | null, bits: number): ControlMessage =>
  markMessage({
    kind,
    number: amount === null ? bits : bits | IS_KNOWN,
    value: Math.min(amount ?? 0, VALUE_MAX),
  });

const switchBits = ({ tcpBeLiberal, events, accounting, timestamps }: KernelFacts): number =>
  [tcpBeLiberal, events, accounting, timestamps].reduce(
    (bits, state, index) => bits | (switchCode(state) << (index * SWITCH_BITS)),
    0,
  );

const switchCode = (state: boolean | null): number => (state === null ? 0 : state ? 2 : 1);

function switchesOf(
  bits: number,
): Pick<KernelFacts, "tcpBeLiberal" | "events" | "accounting" | "timestamps"> {
  const at = (index: number): boolean | null => {
    const code = (bits >>> (index * SWITCH_BITS)) & SWITCH_MASK;
    return code === 0 ? null : code === 2;
  };
  return { tcpBeLiberal: at(0), events: at(1), accounting: at(2), timestamps: at(3) };
}
