/** SHA-256 of FIPS 180-4, for keys that pure code derives. Not made for speed, nor for data that must not be timed. */

const BLOCK_SIZE = 64;
const LENGTH_SIZE = 8;
const ROUNDS = 64;

/** The first 32 bits of the fractional part of `root` of a prime. */
const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32) | 0;

const PRIMES: readonly number[] = primes(ROUNDS);

function primes(count: number): readonly number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate += 1)
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  return found;
}

/** Of the square roots of the first eight primes. */
const INITIAL: Words = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
const CONSTANTS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));

/** The digest of `message`, 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array {
  const padded = pad(message);
  let state = INITIAL;
  const schedule = new Uint32Array(ROUNDS);
  for (let at = 0; at < padded.byteLength; at += BLOCK_SIZE) {
    fillSchedule(schedule, padded, at);
    state = compress(state, schedule);
  }
  const digest = new DataView(new ArrayBuffer(state.length * 4));
  for (const [index, word] of state.entries()) digest.setUint32(index * 4, word);
  return new Uint8Array(digest.buffer);
}

/** One bit, zeroes up to the end of a block, and the number of bits. */
function pad(message: Uint8Array): DataView {
  const blocks = Math.ceil((message.length + 1 + LENGTH_SIZE) / BLOCK_SIZE);
  const bytes = new Uint8Array(blocks * BLOCK_SIZE);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(bytes.length - LENGTH_SIZE, BigInt(message.length) * 8n);
  return view;
}

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

function fillSchedule(schedule: Uint32Array, view: DataView, at: number): void {
  const word = (index: number): number => schedule[index] ?? 0;
  for (let index = 0; index < 16; index += 1) schedule[index] = view.getUint32(at + index * 4);
  for (let index = 16; index < ROUNDS; index += 1) {
    const [late, early] = [word(index - 2), word(index - 15)];
    const a = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    const b = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    schedule[index] = a + word(index - 7) + b + word(index - 16);
  }
}

/** The eight 32-bit words of the state. */
type Words = readonly [number, number, number, number, number, number, number, number];

function compress(state: Words, schedule: Uint32Array): Words {
  let words = state;
  for (const [round, constant] of CONSTANTS.entries())
    words = mix(words, constant + (schedule[round] ?? 0));
  const [a, b, c, d, e, f, g, h] = words;
  const [i, j, k, l, m, n, o, p] = state;
  return [a + i, b + j, c + k, d + l, e + m, f + n, g + o, h + p].map(
    (sum) => sum | 0,
  ) as unknown as Words;
}

function mix([a, b, c, d, e, f, g, h]: Words, input: number): Words {
  const sumE = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
  const choice = (e & f) ^ (~e & g);
  const first = (h + sumE + choice + input) | 0;
  const sumA = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
  const majority = (a & b) ^ (a & c) ^ (b & c);
  return [(first + sumA + majority) | 0, a, b, c, (d + first) | 0, e, f, g];
}
