/** The identity of records, to look them up by. */
import { FLOW, RECORD_ATTRIBUTE_HEADER } from "./flow-attributes.ts";
import { isIcmp } from "./flow-numbers.ts";
import { attributeWord, padded, type Span } from "./flow-record.ts";

const IPV4 = attributeWord(FLOW.ipv4, 8);
const IPV6 = attributeWord(FLOW.ipv6, 32);
const PROTOCOL = attributeWord(FLOW.protocol, 1);
const PORTS = attributeWord(FLOW.ports, 4);
const ICMP_TYPE = attributeWord(FLOW.icmpType, 1);
const ICMP_CODE = attributeWord(FLOW.icmpCode, 1);
const ICMP_ID = attributeWord(FLOW.icmpId, 2);
const ZONE = attributeWord(FLOW.zone, 2);

/** Words of the largest key, of an expectation over IPv6: three tuples of addresses, protocol and ports. */
const KEY_WORDS_MAX = 3 * (8 + 1 + 1);
/** Attributes 0 to 11 of an expectation are its master, what it expects and the mask. */
const EXPECT_KEY_NUMBERS = 12;

/** One key serves any number of records of its kind. */
export class RecordKey {
  readonly #extract: (record: Span, words: Int32Array) => number;
  readonly #seed: number;
  readonly #words: Int32Array = new Int32Array(KEY_WORDS_MAX);
  readonly #others: Int32Array = new Int32Array(KEY_WORDS_MAX);
  #count = 0;

  /** A secret `seed` keeps those who choose addresses and ports from choosing what collides. */
  constructor(kind: "flow" | "expectation", seed: number = 0) {
    this.#extract = kind === "flow" ? flowKey : expectationKey;
    this.#seed = seed;
  }

  /**
   * Takes the key of a record: of a flow its original addresses, protocol, ports or ICMP type, code and id, and zone (a
   * checked body will do as well); of an expectation the master, what is expected and the mask. Returns a hash of
   * it, 32 bits with a sign: such numbers need no memory of their own.
   */
  load(record: Span): number {
    this.#count = this.#extract(record, this.#words);
    return hashWords(this.#words, this.#count, this.#seed);
  }

  /** A hash of the key that was loaded last without the seed: the same on every host, to compare tables by. */
  digest(): number {
    return hashWords(this.#words, this.#count, 0);
  }

  /** Whether `record` has the key that was loaded last. */
  matches(record: Span): boolean {
    if (this.#extract(record, this.#others) !== this.#count) return false;
    for (let index = 0; index < this.#count; index += 1)
      if (this.#words[index] !== this.#others[index]) return false;
    return true;
  }
}

/** Words 0 and 1 hold protocol and zone, and ports or ICMP header; the addresses follow. */
function flowKey({ view, at, size }: Span, words: Int32Array): number {
  const end = at + size;
  let protocol = 0;
  let zone = 0;
  let ports = 0;
  let icmp = 0;
  let count = 2;
  for (let next = at; end - next > RECORD_ATTRIBUTE_HEADER; ) {
    const word = view.getUint32(next);
    const payload = next + RECORD_ATTRIBUTE_HEADER;
    if (word === IPV4) count = copyWords(view, payload, words, 2);
    else if (word === IPV6) count = copyWords(view, payload, words, 8);
    else if (word === PROTOCOL) protocol = view.getUint8(payload);
    else if (word === PORTS) ports = view.getUint32(payload);
    else if (word === ICMP_TYPE) icmp = (icmp & 0x00ffffff) | (view.getUint8(payload) << 24);
    else if (word === ICMP_CODE) icmp = (icmp & ~0x00ff0000) | (view.getUint8(payload) << 16);
    else if (word === ICMP_ID) icmp = (icmp & ~0xffff) | view.getUint16(payload);
    else if (word === ZONE) zone = view.getUint16(payload);
    next += padded(word >>> 16);
  }
  words[0] = (protocol << 16) | zone;
  words[1] = isIcmp(protocol) ? icmp : ports;
  return count;
}

/** Copies `count` words to index 2 and returns how many there are now. */
function copyWords(view: DataView, at: number, words: Int32Array, count: number): number {
  for (let index = 0; index < count; index += 1) words[2 + index] = view.getInt32(at + index * 4);
  return 2 + count;
}

function expectationKey({ view, at, size }: Span, words: Int32Array): number {
  const end = at + size;
  let count = 0;
  for (let next = at; end - next > RECORD_ATTRIBUTE_HEADER; ) {
    const word = view.getUint32(next);
    const past = next + padded(word >>> 16);
    if ((word & 0xffff) < EXPECT_KEY_NUMBERS)
      for (let from = next + RECORD_ATTRIBUTE_HEADER; from < past; from += 4)
        words[count++] = view.getInt32(from);
    next = past;
  }
  return count;
}

/** MurmurHash3 over whole words. */
function hashWords(words: Int32Array, count: number, seed: number): number {
  let hash = seed;
  for (let index = 0; index < count; index += 1) {
    const mixed = Math.imul(words[index] ?? 0, 0xcc9e2d51);
    hash ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash ^= count * 4;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
