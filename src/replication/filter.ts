/** Which of the kernel's flows are replicated: the Filter clause of conntrackd.conf(5). Judges records without allocating. */
import { ipBits, ipBytes, ipFamily, type Prefix } from "../base/ip.ts";
import {
  originalSourceAt,
  recordFamily,
  recordProtocol,
  recordTcpState,
  replySourceAt,
  type Span,
} from "../wire/flow-record.ts";
import type { AcceptOrIgnore, FilterConfig } from "./config.ts";

/** Values of the protocol field of IP, and more than there are states of TCP. */
const NUMBERS = 256;
const TCP = 6;

/** A prefix as the words of its address and mask, in network order. */
interface Network {
  readonly words: readonly number[];
  readonly masks: readonly number[];
}

export class FlowFilter {
  /** By number: 1 where it passes. */
  readonly #protocols: Uint8Array | undefined;
  readonly #tcpStates: Uint8Array | undefined;
  readonly #acceptsListed: boolean;
  readonly #hasAddresses: boolean;
  readonly #networks4: readonly Network[];
  readonly #networks6: readonly Network[];

  constructor({ protocols, addresses, tcpStates }: FilterConfig) {
    this.#protocols = passTable(protocols);
    this.#tcpStates = passTable(tcpStates);
    this.#hasAddresses = addresses !== undefined;
    this.#acceptsListed = addresses?.policy === "accept";
    const entries = addresses?.entries ?? [];
    this.#networks4 = entries.filter(({ address }) => ipFamily(address) === 4).map(network);
    this.#networks6 = entries.filter(({ address }) => ipFamily(address) === 6).map(network);
  }

  /** Whether the flow is to be replicated. */
  passes(flow: Span): boolean {
    const protocol = recordProtocol(flow);
    if (this.#protocols !== undefined && this.#protocols[protocol] !== 1) return false;
    if (this.#tcpStates !== undefined && protocol === TCP) {
      const state = recordTcpState(flow);
      if (state !== undefined && this.#tcpStates[state] !== 1) return false;
    }
    return !this.#hasAddresses || this.#addressesPass(flow);
  }

  /** A flow is listed when its original source or the real destination, which is the reply's source, is. */
  #addressesPass(flow: Span): boolean {
    const networks = recordFamily(flow) === 4 ? this.#networks4 : this.#networks6;
    const isListed =
      contains(networks, flow.view, originalSourceAt(flow)) ||
      contains(networks, flow.view, replySourceAt(flow));
    return isListed === this.#acceptsListed;
  }
}

function passTable(list: AcceptOrIgnore<number> | undefined): Uint8Array | undefined {
  if (list === undefined) return undefined;
  const isAccepting = list.policy === "accept";
  const table = new Uint8Array(NUMBERS).fill(isAccepting ? 0 : 1);
  for (const number of list.entries) table[number] = isAccepting ? 1 : 0;
  return table;
}

function network({ address, length }: Prefix): Network {
  const bytes = ipBytes(address);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const masks: number[] = [];
  const words: number[] = [];
  for (let bit = 0; bit < ipBits(ipFamily(address)); bit += 32) {
    const mask = maskOf(length - bit);
    masks.push(mask);
    words.push(view.getInt32(bit / 8) & mask);
  }
  return { words, masks };
}

/** A word whose first `bits` bits are set. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : ~(0xffff_ffff >>> bits);
}

function contains(networks: readonly Network[], view: DataView, at: number): boolean {
  for (const candidate of networks) if (matches(candidate, view, at)) return true;
  return false;
}

function matches({ words, masks }: Network, view: DataView, at: number): boolean {
  for (let index = 0; index < words.length; index += 1)
    if ((view.getInt32(at + index * 4) & (masks[index] ?? 0)) !== words[index]) return false;
  return true;
}
