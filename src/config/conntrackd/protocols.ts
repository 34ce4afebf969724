/** Names of IP protocols: those of protocols(5), and the usual ones for routers that have no such file. */
import type { FileSource } from "../source.ts";

const FILE = "/etc/protocols";
const NUMBER_MAX = 255;

/** Names of IANA and those by which people know them, in lower case. */
const BUILT_IN: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  "ipsec-esp": 50,
  ah: 51,
  "ipsec-ah": 51,
  "ipv6-icmp": 58,
  icmpv6: 58,
  icmp6: 58,
  ospf: 89,
  ipip: 94,
  pim: 103,
  vrrp: 112,
  l2tp: 115,
  sctp: 132,
  udplite: 136,
};

export class ProtocolNames {
  readonly #source: FileSource;
  #names: ReadonlyMap<string, number> | undefined;

  constructor(source: FileSource) {
    this.#source = source;
  }

  /** The number from 0 to 255 that `text` is, or is a name of in any case of letters. */
  lookUp(text: string): number | undefined {
    if (!/^\d+$/.test(text)) return this.#table().get(text.toLowerCase());
    const value = Number(text);
    return value <= NUMBER_MAX ? value : undefined;
  }

  known(): Iterable<string> {
    return this.#table().keys();
  }

  #table(): ReadonlyMap<string, number> {
    this.#names ??= new Map([...Object.entries(BUILT_IN), ...this.#read()]);
    return this.#names;
  }

  #read(): readonly (readonly [string, number])[] {
    const file = this.#source.read(FILE);
    if (!file.ok) return [];
    return file.text.split("\n").flatMap((line) => {
      const [name = "", number = "", ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
      const value = /^\d+$/.test(number) ? Number(number) : Number.NaN;
      if (!(value <= NUMBER_MAX)) return [];
      return [name, ...aliases].map((word) => [word.toLowerCase(), value] as const);
    });
  }
}
