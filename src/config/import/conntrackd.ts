/** What a conntrackd.conf says of one router, in the words of the pair. */
import type { AcceptOrIgnore, ReplicationConfig } from "../../replication/config.ts";
import { TCP_STATES } from "../conntrackd/filter.ts";
import type { Position } from "../diagnostics.ts";
import type { NotCarried, PairReplication } from "../pair/model.ts";
import type { ReplicationFacts } from "./facts.ts";

/** Those that the pair's filter has words for. */
const PROTOCOLS: readonly (readonly [name: string, number: number])[] = [
  ["TCP", 6],
  ["UDP", 17],
  ["ICMP", 1],
  ["IPv6-ICMP", 58],
  ["SCTP", 132],
  ["DCCP", 33],
  ["GRE", 47],
  ["UDPLite", 136],
];

export interface ConntrackdFacts {
  readonly replication: ReplicationFacts;
  readonly notCarried: readonly NotCarried[];
}

/** `file` is the one that the configuration was read from. */
export function conntrackdFacts(config: ReplicationConfig, file: string): ConntrackdFacts {
  const at: Position = { file, line: 1, column: 1 };
  const notes = new Notes(at);
  noteChannels(config, notes);
  noteOptions(config, notes);
  const [first] = config.channels;
  const links = config.channels.map(({ transport, interface: device, address, peer }) => ({
    at,
    interface: device,
    own: transport === "multicast" ? peer : address,
    peer: transport === "multicast" ? undefined : peer,
  }));
  const settings = {
    ...modeOf(config),
    filter: filterOf(config, notes),
    commitTimeout: config.commitTimeout,
    purgeTimeout: config.purgeTimeout,
    expectations: config.expectations !== false,
    hashSize: config.hashSize,
    hashLimit: config.hashLimit,
    ...(first !== undefined && { port: first.port }),
    ...(first?.receiveBuffer !== undefined && { socketBuffer: first.receiveBuffer }),
  };
  return { replication: { at, settings, links }, notCarried: notes.all };
}

const modeOf = ({
  mode,
}: ReplicationConfig): Pick<PairReplication, "mode" | "externalCache" | "startupResync"> =>
  mode.type === "alarm"
    ? { mode: "alarm", externalCache: true, startupResync: false }
    : { mode: mode.type, externalCache: mode.externalCache, startupResync: mode.startupResync };

const filterOf = ({ filter }: ReplicationConfig, notes: Notes): PairReplication["filter"] => ({
  place: filter.place,
  protocols: protocolsOf(filter.protocols, notes),
  ignoredAddresses: addressesOf(filter.addresses, notes),
  tcpStates: statesOf(filter.tcpStates),
});

function noteChannels({ channels }: ReplicationConfig, notes: Notes): void {
  for (const { transport, interface: device } of channels) {
    if (transport === "udp") continue;
    notes.add(
      `${transport === "tcp" ? "TCP" : "Multicast"} over ${device}`,
      "the pair replicates by UDP between both routers' addresses, which the new file does",
    );
  }
  if (channels.some(({ port }) => port !== channels[0]?.port))
    notes.add("Port", "all links of a pair use one port: the first one counts");
}

function noteOptions(config: ReplicationConfig, notes: Notes): void {
  const { mode } = config;
  const found: readonly (readonly [boolean, string, string])[] = [
    [
      Array.isArray(config.expectations),
      "ExpectationSync { … }",
      "expectations of every helper are replicated",
    ],
    [
      config.windowTracking,
      "TCPWindowTracking",
      "connections are loaded without window tracking, so that they go on",
    ],
    [config.poll !== undefined, "PollSecs", "the kernel's events are listened to"],
    [
      config.reliableEvents,
      "NetlinkEventsReliable",
      "events that are lost are made up for by reading the kernel again",
    ],
    [
      mode.type === "notrack" && !mode.internalCache,
      "DisableInternalCache",
      "the internal cache is always used",
    ],
  ];
  for (const [isThere, text, reason] of found) if (isThere) notes.add(text, reason);
}

class Notes {
  readonly all: NotCarried[] = [];
  readonly #at: Position;

  constructor(at: Position) {
    this.#at = at;
  }

  add(text: string, reason: string): void {
    this.all.push({ at: this.#at, text, reason });
  }
}

function protocolsOf(
  rule: AcceptOrIgnore<number> | undefined,
  notes: Notes,
): readonly string[] | undefined {
  if (rule === undefined) return undefined;
  if (rule.policy === "ignore")
    return PROTOCOLS.filter(([, number]) => !rule.entries.includes(number)).map(([name]) => name);
  return rule.entries.flatMap((entry) => {
    const found = PROTOCOLS.find(([, number]) => number === entry);
    if (found !== undefined) return [found[0]];
    const known = PROTOCOLS.map(([name]) => name).join(", ");
    notes.add(`Protocol ${entry}`, `the pair's filter knows ${known}`);
    return [];
  });
}

function addressesOf(
  rule: ReplicationConfig["filter"]["addresses"],
  notes: Notes,
): PairReplication["filter"]["ignoredAddresses"] {
  if (rule === undefined) return [];
  if (rule.policy === "ignore") return rule.entries;
  notes.add(
    "Address Accept",
    "the pair's filter names addresses that are not replicated, instead of those that are: turn it round",
  );
  return [];
}

/** Numbers of states by the first name each. */
function statesOf(rule: AcceptOrIgnore<number> | undefined): readonly string[] | undefined {
  if (rule === undefined) return undefined;
  const numbers = [...new Set(Object.values(TCP_STATES))];
  const accepted =
    rule.policy === "accept" ? rule.entries : numbers.filter((one) => !rule.entries.includes(one));
  return accepted.map(
    (number) =>
      Object.keys(TCP_STATES).find((name) => TCP_STATES[name] === number) ?? String(number),
  );
}
