/** conntrackd.conf(5) of one router. */
import { formatPrefix, ipBits, ipFamily, type Prefix } from "../base/ip.ts";
import { type LinkEnds, linkEnds, routersOf } from "../config/pair/ends.ts";
import type { PairConfig, PairReplication } from "../config/pair/model.ts";
import { block, formatLines, type Line, optionalBlock } from "./blocks.ts";
import { heading } from "./heading.ts";
import { CONNTRACKD_LOCK, CONNTRACKD_SOCKET } from "./paths.ts";
import { isWhole, wholeSeconds } from "./words.ts";

/** Bytes for the kernel's events, at first and at most: a burst of new connections must not overrun them. */
const NETLINK_BUFFER = 2_097_152;
const NETLINK_BUFFER_MAX = 16_777_216;

/** The file; only comments for a pair that does not replicate. */
export function renderConntrackd(pair: PairConfig, node: string): string {
  routersOf(pair, node);
  const { replication } = pair;
  if (replication === undefined)
    return formatLines(heading(pair, node, ["This pair does not replicate connections."]));
  const remarks = [WITHOUT_WAIT, ...conntrackdRemarks(pair, node)];
  return formatLines([
    ...heading(pair, node, remarks),
    "",
    block("Sync", sync(pair, node, replication)),
    "",
    block("General", general(replication)),
  ]);
}

const WITHOUT_WAIT =
  "keepalived does not wait for connections to be loaded: the addresses move first.";

/** What conntrackd cannot do as the pair wants it, one sentence each. */
export function conntrackdRemarks(pair: PairConfig, node: string): readonly string[] {
  const { replication } = pair;
  if (replication === undefined) return [];
  const { commitTimeout, purgeTimeout, mode } = replication;
  const spans = [commitTimeout, purgeTimeout].filter((span) => span !== undefined);
  return [
    ...unwritableLinks(pair, node).map((link) => linkRemark(link.interface)),
    ...(spans.every(isWhole)
      ? []
      : ["conntrackd knows whole seconds only: timeouts are rounded up."]),
    ...(mode === "alarm" && (!replication.externalCache || replication.startupResync)
      ? ["Mode ALARM always has an external cache and nothing to ask for at the start."]
      : []),
  ];
}

/** conntrackd reads names of letters, digits, `.`, `-` and `_` only, and knows no quotation marks. */
export const unwritableLinks = (pair: PairConfig, node: string): readonly LinkEnds[] =>
  linkEnds(pair, node).filter((link) => !/^[A-Za-z][\w.-]*$/.test(link.interface));

const linkRemark = (device: string): string =>
  `conntrackd.conf cannot name the interface ${device}: give it a name that begins with a letter and goes on with letters, digits, dots, dashes and underscores.`;

function sync(pair: PairConfig, node: string, replication: PairReplication): readonly Line[] {
  return [
    block(`Mode ${replication.mode.toUpperCase()}`, modeLines(replication)),
    ...linkEnds(pair, node).map((link) => channel(link, replication)),
    ...optionalBlock("Options", replication.expectations ? ["ExpectationSync On"] : []),
  ];
}

function modeLines({
  mode,
  externalCache,
  startupResync,
  commitTimeout,
  purgeTimeout,
}: PairReplication): readonly string[] {
  const hasCache = mode === "alarm" || externalCache;
  return [
    ...(hasCache ? [] : ["DisableExternalCache On"]),
    ...(mode !== "alarm" && startupResync ? ["StartupResync On"] : []),
    ...(hasCache && commitTimeout !== undefined
      ? [`CommitTimeout ${wholeSeconds(commitTimeout)}`]
      : []),
    `PurgeTimeout ${wholeSeconds(purgeTimeout)}`,
  ];
}

function channel(link: LinkEnds, { port, socketBuffer }: PairReplication): Line {
  const family = ipFamily(link.own);
  return block(link.isDefault ? "UDP Default" : "UDP", [
    `IPv${family}_address ${link.own}`,
    `IPv${family}_Destination_Address ${link.peer}`,
    `Port ${port}`,
    `Interface ${link.interface}`,
    `SndSocketBuffer ${socketBuffer}`,
    `RcvSocketBuffer ${socketBuffer}`,
    "Checksum On",
  ]);
}

function general({ hashSize, hashLimit, filter }: PairReplication): readonly Line[] {
  return [
    `HashSize ${hashSize}`,
    `HashLimit ${hashLimit}`,
    "Syslog On",
    `LockFile ${CONNTRACKD_LOCK}`,
    block("UNIX", [`Path ${CONNTRACKD_SOCKET}`]),
    `NetlinkBufferSize ${NETLINK_BUFFER}`,
    `NetlinkBufferSizeMaxGrowth ${NETLINK_BUFFER_MAX}`,
    block(`Filter From ${filter.place === "userspace" ? "Userspace" : "Kernelspace"}`, [
      ...optionalBlock("Protocol Accept", filter.protocols ?? []),
      ...optionalBlock("Address Ignore", filter.ignoredAddresses.map(ignored)),
      ...optionalBlock("State Accept", states(filter.tcpStates ?? [])),
    ]),
  ];
}

function ignored(prefix: Prefix): string {
  const family = ipFamily(prefix.address);
  const isHost = prefix.length === ipBits(family);
  return `IPv${family}_address ${isHost ? prefix.address : formatPrefix(prefix)}`;
}

const states = (names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`${names.join(" ")} for TCP`];
