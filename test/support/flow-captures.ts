/** The messages of test/vectors/conntrackd, captured from conntrackd 1.4.7. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { bytes } from "./bytes.ts";

/** Field names are those of the files, see the README beside them. */
export interface CapturedMessage {
  readonly pkt: number;
  readonly src: string;
  readonly dgram: number;
  readonly off: number;
  readonly ver?: number;
  readonly type?: string;
  readonly flags: number;
  readonly seq: number;
  readonly from?: number;
  readonly to?: number;
  readonly attrs?: readonly (readonly [name: string, value: unknown])[];
  readonly bad?: string;
  readonly hex: string;
}

const DIRECTORY = path.join(import.meta.dirname, "..", "vectors", "conntrackd");
const files = readdirSync(DIRECTORY);
const read = (name: string): string => readFileSync(path.join(DIRECTORY, name), "utf8");

/** Messages by capture ("02-udp-snat"), in the order of the wire. */
export const flowCaptures: ReadonlyMap<string, readonly CapturedMessage[]> = new Map(
  files
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => [
      name.slice(0, -".jsonl".length),
      read(name)
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as CapturedMessage),
    ]),
);

/** What conntrackd printed of its cache, line by line and without ages. */
export const cacheLines = (capture: string, cache: "int" | "ext"): readonly string[] =>
  read(`${capture}.${cache}.txt`)
    .trim()
    .split("\n")
    .map((line) => line.replace(/ \[active since \d+s\]$/, ""));

/** The payloads of a capture's UDP over IPv4 over Ethernet. */
export function udpPayloads(name: string): readonly Uint8Array[] {
  const file = readFileSync(path.join(DIRECTORY, `${name}.pcap`));
  const payloads: Uint8Array[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const packet = file.subarray(at + 16 + 14, at + 16 + length);
    at += 16 + length;
    const headerSize = ((packet[0] ?? 0) & 15) * 4;
    if (packet[0]! >>> 4 === 4 && packet[9] === 17)
      payloads.push(packet.subarray(headerSize + 8, packet.readUInt16BE(2)));
  }
  return payloads;
}

/** A capture's datagrams; of TCP the segments. */
export function datagrams(messages: readonly CapturedMessage[]): readonly Uint8Array[] {
  const joined = new Map<number, string>();
  for (const { pkt, hex } of messages) joined.set(pkt, `${joined.get(pkt) ?? ""}${hex}`);
  return [...joined.values()].map(bytes);
}
