/** Multicast, UDP and TCP blocks: the dedicated links. */
import type { IpAddress, IpFamily } from "../../base/ip.ts";
import { ipFamily } from "../../base/ip.ts";
import type { ChannelConfig } from "../../replication/config.ts";
import { type AddressMeaning, readAddress, readInterface } from "./addresses.ts";
import type { Token } from "./lexer.ts";
import { type Keyword, keyword, type Parser, type Table } from "./parser.ts";
import { COUNT, type Placed, readNumber, readPositive, readSwitch } from "./values.ts";

export type Transport = ChannelConfig["transport"];

export interface ChannelDraft {
  readonly transport: Transport;
  /** "UDP", as the block is called. */
  readonly block: Token;
  isDefault: boolean;
  interface?: Placed<string>;
  /** Local address; of a multicast channel the group. */
  address?: Placed<IpAddress>;
  /** The peer's address; of a multicast channel the local address of the interface. */
  peer?: Placed<IpAddress>;
  port?: Placed<number>;
  sendBuffer?: number;
  receiveBuffer?: number;
  checksum: boolean;
  errorQueueLength: number;
  /** What the block has a keyword for, even if its value could not be read. */
  readonly mentioned: Set<"interface" | "address" | "peer" | "port">;
}

const ERROR_QUEUE_LENGTH = 128;

export const newChannel = (transport: Transport, block: Token): ChannelDraft => ({
  transport,
  block,
  isDefault: false,
  checksum: true,
  errorQueueLength: ERROR_QUEUE_LENGTH,
  mentioned: new Set(),
});

type ChannelTable = Table<ChannelDraft>;
type ChannelKeyword = Keyword<ChannelDraft>;

/** Keyword for an address of one family that fills `key`. */
function address(
  name: string,
  key: "address" | "peer",
  { family, meaning, doc }: { family: IpFamily; meaning: AddressMeaning; doc: string },
): ChannelKeyword {
  return keyword(name, "ADDRESS", { doc }, (parser, word, draft) => {
    draft.mentioned.add(key);
    const value = readAddress(parser, word, family, meaning);
    if (value === undefined) return;
    const other = draft[key];
    if (other !== undefined && ipFamily(other.value) !== family) {
      const message = `${word.text} and the IPv${ipFamily(other.value)} address in line ${other.at.line} are of different families: keep one of them`;
      parser.findings.error(word.at, "address-family", message);
    }
    draft[key] = value;
  });
}

function port(name: string, doc: string): ChannelKeyword {
  return keyword(name, "NUMBER", { doc, initial: "required" }, (parser, word, draft) => {
    draft.mentioned.add("port");
    const { at } = parser.peek();
    const value = readNumber(parser, word, { min: 1, max: 65_535 });
    if (value !== undefined) draft.port = { value, at };
  });
}

const LOCAL: AddressMeaning = {
  text: "this router's address on the dedicated link",
  examples: { 4: "10.255.0.1", 6: "fd00::1" },
};
const PEER: AddressMeaning = {
  text: "the other router's address on the dedicated link",
  examples: { 4: "10.255.0.2", 6: "fd00::2" },
};
const GROUP: AddressMeaning = {
  text: "the multicast group",
  examples: { 4: "225.0.0.50", 6: "ff02::50" },
};

const UNICAST_ADDRESSES: ChannelTable = [
  address("IPv4_address", "address", {
    family: 4,
    meaning: LOCAL,
    doc: "This router's address on the link, where messages are received.",
  }),
  address("IPv6_address", "address", { family: 6, meaning: LOCAL, doc: "The same with IPv6." }),
  address("IPv4_Destination_Address", "peer", {
    family: 4,
    meaning: PEER,
    doc: "The peer's address on the link, where messages are sent.",
  }),
  address("IPv6_Destination_Address", "peer", {
    family: 6,
    meaning: PEER,
    doc: "The same with IPv6.",
  }),
  port("Port", "Port of both routers."),
];

const MULTICAST_ADDRESSES: ChannelTable = [
  address("IPv4_address", "address", {
    family: 4,
    meaning: GROUP,
    doc: "The multicast group; a different one for each link.",
  }),
  address("IPv6_address", "address", { family: 6, meaning: GROUP, doc: "The same with IPv6." }),
  port("Group", "UDP port of both routers."),
  address("IPv4_interface", "peer", {
    family: 4,
    meaning: LOCAL,
    doc: "This router's address on the link.",
  }),
  keyword(
    "IPv6_interface",
    "ADDRESS",
    { doc: "Not needed: with IPv6, Interface is enough.", support: "implied" },
    (parser, word) => {
      const value = readAddress(parser, word, 6, LOCAL);
      if (value === undefined) return;
      const message = `${word.text} is not needed and has no effect: Interface is enough with IPv6`;
      parser.findings.warn(word.at, "not-supported", message);
    },
  ),
];

function buffer(name: string, key: "sendBuffer" | "receiveBuffer", doc: string): ChannelKeyword {
  return keyword(name, "BYTES", { doc, initial: "as the system" }, (parser, word, draft) => {
    const value = readNumber(parser, word, COUNT);
    if (value !== undefined && value > 0) draft[key] = value;
  });
}

const COMMON: ChannelTable = [
  keyword(
    "Interface",
    "NAME",
    { doc: "Interface of the dedicated link.", initial: "required" },
    (parser, word, draft) => {
      draft.mentioned.add("interface");
      const value = readInterface(parser, word);
      if (value !== undefined) draft.interface = value;
    },
  ),
  buffer(
    "SndSocketBuffer",
    "sendBuffer",
    "Send buffer of the socket; may exceed the system's limit.",
  ),
  buffer("RcvSocketBuffer", "receiveBuffer", "Receive buffer of the socket, likewise."),
  keyword(
    "Checksum",
    "on|off",
    { doc: "off: UDP checksums are not filled in (IPv4 only).", initial: "on" },
    (parser, word, draft) => {
      draft.checksum = readSwitch(parser, word) ?? draft.checksum;
    },
  ),
];

const ERROR_QUEUE: ChannelKeyword = keyword(
  "ErrorQueueLength",
  "NUMBER",
  {
    doc: "How many buffers that a broken connection left unwritten go over the next one. News wait in the tables meanwhile.",
    initial: String(ERROR_QUEUE_LENGTH),
  },
  (parser, word, draft) => {
    const value = readPositive(parser, word, { initial: ERROR_QUEUE_LENGTH });
    draft.errorQueueLength = value ?? draft.errorQueueLength;
  },
);

export const MULTICAST: ChannelTable = [...MULTICAST_ADDRESSES, ...COMMON];
export const UDP: ChannelTable = [...UNICAST_ADDRESSES, ...COMMON];
export const TCP: ChannelTable = [...UNICAST_ADDRESSES, ...COMMON, ERROR_QUEUE];

const TABLES: Readonly<Record<Transport, ChannelTable>> = {
  multicast: MULTICAST,
  udp: UDP,
  tcp: TCP,
};

/** The keyword that begins a channel of one transport in `Sync`. */
export function channelKeyword<Draft extends { readonly channels: ChannelDraft[] }>(
  name: string,
  transport: Transport,
  doc: string,
): Keyword<Draft> {
  return keyword(name, "[Default] { … }", { doc }, (parser: Parser, block, draft) => {
    const channel = newChannel(transport, block);
    channel.isDefault = parser.skip("Default");
    parser.readBlock(block, name, TABLES[transport], channel);
    draft.channels.push(channel);
  });
}
