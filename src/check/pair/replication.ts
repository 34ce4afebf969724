/** What two conntrackd configurations must agree on to replicate to each other. */
import type { Position } from "../../config/diagnostics.ts";
import type { ChannelConfig, ReplicationConfig } from "../../replication/config.ts";
import { type Finding, found } from "../finding.ts";
import { placeOf, type RouterPicture } from "../picture.ts";

interface Side {
  readonly picture: RouterPicture;
  readonly config: ReplicationConfig;
  readonly start: Position;
}

export function compareReplication(
  first: RouterPicture,
  second: RouterPicture,
): readonly Finding[] {
  const [a, b] = [sideOf(first), sideOf(second)];
  if (a === undefined || b === undefined) return oneSided(a ?? b, first, second);
  return [
    ...compareModes(a, b),
    ...compareChannels(a, b),
    ...(JSON.stringify(a.config.filter.protocols) === JSON.stringify(b.config.filter.protocols) &&
    JSON.stringify(a.config.filter.tcpStates) === JSON.stringify(b.config.filter.tcpStates)
      ? []
      : [filterDiffers(a, b)]),
  ];
}

const sideOf = (picture: RouterPicture): Side | undefined =>
  picture.replication && {
    picture,
    config: picture.replication.config,
    start: { file: picture.replication.file, line: 1, column: 1 },
  };

/** Only where the other router's election was given, so that its conntrackd.conf would have been, too. */
function oneSided(
  side: Side | undefined,
  first: RouterPicture,
  second: RouterPicture,
): readonly Finding[] {
  if (side === undefined || first.election === undefined || second.election === undefined)
    return [];
  const other = side.picture === first ? second : first;
  const message = `${side.picture.name} replicates its connections, and ${other.name} has no conntrackd.conf among the files`;
  return [found("replication-one-sided", side.start, message)];
}

function compareModes(a: Side, b: Side): readonly Finding[] {
  const [mine, theirs] = [a.config.mode.type, b.config.mode.type];
  if (mine === theirs) return [];
  const at = placeOf(b.picture, b.start, /^\s*Mode\b/i);
  const message = `Mode is ${theirs.toUpperCase()}, and ${mine.toUpperCase()} on ${a.picture.name}`;
  return [found("replication-mode-differs", at, message)];
}

/** Links are compared in the order of the files. */
function compareChannels(a: Side, b: Side): readonly Finding[] {
  return b.config.channels.flatMap((channel, index) => {
    const other = a.config.channels[index];
    if (other === undefined) {
      const message = `dedicated link ${index + 1} (${channel.interface}) is not on ${a.picture.name}`;
      return [found("link-transport-differs", linkAt(b, index), message)];
    }
    return compareChannel(a, b, { other, channel, index });
  });
}

interface Links {
  readonly other: ChannelConfig;
  readonly channel: ChannelConfig;
  readonly index: number;
}

function compareChannel(a: Side, b: Side, { other, channel, index }: Links): readonly Finding[] {
  const [mine, theirs] = [describe(other), describe(channel)];
  if (mine !== theirs) {
    const message = `the dedicated link is ${theirs}, and ${mine} on ${a.picture.name}`;
    return [found("link-transport-differs", linkAt(b, index), message)];
  }
  if (channel.transport === "multicast") {
    if (channel.peer === undefined || channel.peer !== other.peer) return [];
    return [sameAddress(a, b, { channel, other, index })];
  }
  if (channel.address === other.address) return [sameAddress(a, b, { channel, other, index })];
  return [
    ...comparePeer(a, b, { channel: other, other: channel, index }),
    ...comparePeer(b, a, { channel, other, index }),
  ];
}

const describe = ({ transport, port, address }: ChannelConfig): string =>
  transport === "multicast"
    ? `multicast to ${address} port ${port}`
    : `${transport.toUpperCase()} port ${port}`;

function sameAddress(a: Side, b: Side, { channel, index }: Links): Finding {
  const address = channel.transport === "multicast" ? channel.peer : channel.address;
  const message = `${address ?? ""} is the own address on the dedicated link here and on ${a.picture.name}`;
  return found("link-same-address", linkAt(b, index), message);
}

function comparePeer(
  here: Side,
  there: Side,
  { channel, other, index }: Links,
): readonly Finding[] {
  if (channel.peer === undefined || channel.peer === other.address) return [];
  const message = `the dedicated link leads to ${channel.peer}, and ${there.picture.name} is ${other.address} on it`;
  const fix = `write ${other.address} in place of ${channel.peer}`;
  const at = placeOf(here.picture, linkAt(here, index), /\bIPv[46]_Destination_Address\b/i);
  return [found("link-peer-differs", at, message, fix)];
}

/** Where the nth link begins. */
function linkAt({ picture, start }: Side, index: number): Position {
  let at = placeOf(picture, start, LINK);
  for (let count = 0; count < index; count += 1)
    at = placeOf(picture, { ...at, line: at.line + 1 }, LINK);
  return at;
}

const LINK = /^\s*(?:UDP|TCP|Multicast)\b/i;

function filterDiffers(a: Side, b: Side): Finding {
  const at = placeOf(b.picture, b.start, /\bFilter\b/i);
  const message = `the filter lets other connections be replicated than the one of ${a.picture.name}`;
  return found("filter-differs", at, message);
}
