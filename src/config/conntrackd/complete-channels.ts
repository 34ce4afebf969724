/** From drafts of dedicated links to channels: what each of them needs, and what they must not do together. */
import { anyAddress, type IpAddress, ipFamily, isMulticast } from "../../base/ip.ts";
import type { ChannelConfig } from "../../replication/config.ts";
import type { ChannelDraft } from "./channels.ts";
import type { Completion } from "./complete.ts";
import type { SyncDraft } from "./sync.ts";
import type { Placed } from "./values.ts";

/** As many as conntrackd takes. */
const CHANNELS_MAX = 4;

/** The channels that have all that they need. Whatever is wrong with the others is an error. */
export function completeChannels(
  completion: Completion,
  sync: SyncDraft,
): readonly ChannelConfig[] {
  const { findings } = completion;
  const { channels } = sync;
  const [first] = channels;
  if (first === undefined) {
    const message =
      "Sync has no dedicated link: write UDP { IPv4_address … IPv4_Destination_Address … Port 3780 Interface … }";
    findings.error(sync.at, "channel-missing", message);
  }
  const mixed = channels.find(({ transport }) => transport !== first?.transport);
  if (first !== undefined && mixed !== undefined) {
    const message = `all dedicated links use one transport, and the one in line ${first.block.at.line} is ${first.block.text}: write ${first.block.text} here, or change that one`;
    findings.error(mixed.block.at, "transport-mixed", message);
  }
  const tooMany = channels[CHANNELS_MAX];
  if (tooMany !== undefined) {
    const message = `there are ${channels.length} dedicated links, and at most ${CHANNELS_MAX} are possible: remove this one and those after it`;
    findings.error(tooMany.block.at, "channel-limit", message);
  }
  reportDuplicates(completion, channels);
  const standard = defaultChannel(completion, channels);
  return channels.flatMap((channel) => completeChannel(completion, channel, channel === standard));
}

function defaultChannel(
  { findings }: Completion,
  channels: readonly ChannelDraft[],
): ChannelDraft | undefined {
  const marked = channels.filter(({ isDefault }) => isDefault);
  const last = marked.at(-1);
  for (const { block } of marked.slice(0, -1)) {
    const message = `${block.text} Default has no effect: the one in line ${last?.block.at.line ?? 0} counts`;
    findings.warn(block.at, "channel-default", message);
  }
  return last;
}

/** Two sockets with one address and port would take messages from each other. */
function reportDuplicates({ findings }: Completion, channels: readonly ChannelDraft[]): void {
  const seen = new Map<string, ChannelDraft>();
  for (const channel of channels) {
    const { address, port, block } = channel;
    if (address === undefined || port === undefined) continue;
    const key = `${address.value} ${port.value}`;
    const other = seen.get(key);
    seen.set(key, channel);
    if (other === undefined) continue;
    const message = `the link in line ${other.block.at.line} has ${address.value} and port ${port.value}, too: choose another ${channel.transport === "multicast" ? "group or Group" : "address or Port"}`;
    findings.error(block.at, "channel-duplicate", message);
  }
}

/** None when something essential is missing, which was reported. */
function completeChannel(
  completion: Completion,
  draft: ChannelDraft,
  isDefault: boolean,
): readonly ChannelConfig[] {
  const { transport, interface: device, port, sendBuffer, receiveBuffer } = draft;
  reportMissing(completion, draft);
  const addresses =
    transport === "multicast" ? groupOf(completion, draft) : unicastOf(completion, draft);
  if (device === undefined || port === undefined || addresses === undefined) return [];
  return [
    {
      transport,
      isDefault,
      interface: device.value,
      ...addresses,
      port: port.value,
      sendBuffer,
      receiveBuffer,
      checksum: draft.checksum,
      errorQueueLength: draft.errorQueueLength,
    },
  ];
}

function reportMissing(
  { findings }: Completion,
  { block, transport, mentioned }: ChannelDraft,
): void {
  if (!mentioned.has("interface")) {
    const message = `${block.text} does not say which interface it uses: write Interface and the name of the dedicated link's interface`;
    findings.error(block.at, "interface-missing", message);
  }
  if (!mentioned.has("port")) {
    const name = transport === "multicast" ? "Group" : "Port";
    const message = `${block.text} has no port: write ${name} 3780, and the same on the other router`;
    findings.error(block.at, "port-missing", message);
  }
}

type Addresses = Pick<ChannelConfig, "address" | "peer">;

function groupOf(completion: Completion, draft: ChannelDraft): Addresses | undefined {
  const { findings } = completion;
  const { block, address: group, peer: local, mentioned } = draft;
  if (group === undefined) {
    const message = "Multicast has no group: write IPv4_address 225.0.0.50";
    if (!mentioned.has("address")) findings.error(block.at, "address-missing", message);
    return undefined;
  }
  if (!isMulticast(group.value)) {
    const message = `${group.value} is no multicast group: write one from 224.0.0.0 to 239.255.255.255 or below ff00::/8, such as 225.0.0.50`;
    findings.error(group.at, "address-invalid", message);
  }
  if (ipFamily(group.value) === 6) {
    const message = `IPv4_interface has no effect with the group ${group.value}: remove it`;
    if (local !== undefined) findings.warn(local.at, "address-family", message);
    return { address: group.value, peer: undefined };
  }
  if (!mentioned.has("peer")) {
    const message =
      "Multicast has no IPv4_interface, so the system chooses where the group is joined: write this router's address on the link";
    findings.warn(block.at, "address-missing", message);
  }
  if (local !== undefined) reportForeign(completion, local, "IPv4_interface");
  return { address: group.value, peer: local?.value };
}

function unicastOf(completion: Completion, draft: ChannelDraft): Addresses | undefined {
  const { findings, environment } = completion;
  const { block, address, peer, mentioned } = draft;
  if (peer === undefined) {
    const message = `${block.text} does not say where the peer is: write IPv4_Destination_Address and the other router's address on the link`;
    if (!mentioned.has("peer")) findings.error(block.at, "address-missing", message);
    return undefined;
  }
  if (address === undefined) {
    const message = `${block.text} has no address of its own and listens on all of them: write IPv${ipFamily(peer.value)}_address and this router's address on the link`;
    if (!mentioned.has("address")) findings.warn(block.at, "address-missing", message);
    return { address: anyAddress(ipFamily(peer.value)), peer: peer.value };
  }
  reportPair(completion, address, peer);
  const { addresses = [] } = environment;
  if (addresses.includes(peer.value) && !isOwn(address.value, addresses)) {
    const message = `${peer.value} is this router's own address, and ${address.value} is not: exchange the two, this file is the other router's`;
    findings.error(peer.at, "address-peer", message);
  } else reportForeign(completion, address, `IPv${ipFamily(address.value)}_address`);
  return { address: address.value, peer: peer.value };
}

function reportPair(
  { findings }: Completion,
  address: Placed<IpAddress>,
  peer: Placed<IpAddress>,
): void {
  if (ipFamily(address.value) !== ipFamily(peer.value)) {
    const message = `${peer.value} is of the other family than ${address.value}: write both of one family`;
    findings.error(peer.at, "address-family", message);
  }
  if (address.value !== peer.value) return;
  const message = `${peer.value} is this router's own address: write the other router's`;
  findings.error(peer.at, "address-peer", message);
}

/** A socket can be bound to all of 127.0.0.0/8, whatever addresses the loopback interface has. */
const isOwn = (address: IpAddress, own: readonly IpAddress[]): boolean =>
  address.startsWith("127.") || own.includes(address);

function reportForeign(
  { findings, environment: { addresses } }: Completion,
  { value, at }: Placed<IpAddress>,
  name: string,
): void {
  if (addresses === undefined || isOwn(value, addresses)) return;
  const family = ipFamily(value);
  const own = addresses.filter((entry) => ipFamily(entry) === family).slice(0, 12);
  const list = own.length === 0 ? "" : ` (it has ${own.join(", ")})`;
  const message = `${value} is not an address of this router${list}: write its own in ${name}, or add it to the interface`;
  findings.error(at, "address-foreign", message);
}
