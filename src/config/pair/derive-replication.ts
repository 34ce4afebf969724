/** From the pair to what replication of connections runs on, with conntrackd's defaults for all else. */
import { formatPrefix } from "../../base/ip.ts";
import { toSeconds } from "../../base/time.ts";
import type { ReplicationConfig } from "../../replication/config.ts";
import { type ChannelDraft, newChannel } from "../conntrackd/channels.ts";
import { completeReplication } from "../conntrackd/complete.ts";
import { type FilterDraft, newFilter, TCP_STATES } from "../conntrackd/filter.ts";
import { newGeneral } from "../conntrackd/general.ts";
import { ProtocolNames } from "../conntrackd/protocols.ts";
import { type Mode, newSync, type SyncDraft } from "../conntrackd/sync.ts";
import type { Position } from "../diagnostics.ts";
import { ANY_ROUTER, type Derivation, NO_FILES } from "./derivation.ts";
import { type LinkEnds, linkEnds } from "./ends.ts";
import type { PairReplication } from "./model.ts";

/** Bytes of the buffer for the kernel's events at first, and as far as it may grow. */
const EVENT_BUFFER = 2_097_152;
const EVENT_BUFFER_MAX = 16_777_216;

const MODES: Readonly<Record<PairReplication["mode"], Mode>> = {
  ftfw: "FTFW",
  notrack: "NOTRACK",
  alarm: "ALARM",
};

/**
 * Undefined when the pair replicates nothing. There is no lock file and no socket for conntrackd's own client: both belong
 * to one daemon a machine, and Duet has its own.
 */
export function deriveReplication(derivation: Derivation): ReplicationConfig | undefined {
  const { pair, findings } = derivation;
  const { replication } = pair;
  if (replication === undefined) return undefined;
  const channels = draftChannels(derivation, replication);
  if (channels.length === 0) return undefined;
  const config = completeReplication(
    { findings, environment: ANY_ROUTER },
    draftSync(derivation, replication, channels),
    {
      ...newGeneral(),
      hashSize: replication.hashSize,
      hashLimit: replication.hashLimit,
      netlinkBuffer: EVENT_BUFFER,
      netlinkBufferMax: { value: EVENT_BUFFER_MAX, at: derivation.at("replication") },
      filter: draftFilter(replication),
    },
  );
  return { ...config, lockFile: undefined };
}

function draftSync(
  derivation: Derivation,
  replication: PairReplication,
  channels: ChannelDraft[],
): SyncDraft {
  const { mode, externalCache, commitTimeout } = replication;
  const at = derivation.at("replication");
  // Without an external cache received flows go straight into the kernel; the reader says so.
  const commits = externalCache || mode === "alarm";
  return {
    ...newSync(at),
    modes: [{ mode: MODES[mode], at }],
    channels,
    externalCacheDisabled: !externalCache,
    startupResync: replication.startupResync,
    commitTimeout:
      commitTimeout === undefined || !commits
        ? undefined
        : { seconds: toSeconds(commitTimeout), at },
    purgeTimeout: replication.purgeTimeout,
    loadsAhead: replication.loadAhead,
    expectations: replication.expectations,
  };
}

function draftChannels(
  { pair, node, findings, at }: Derivation,
  replication: PairReplication,
): ChannelDraft[] {
  const found = linkEnds(pair, node.name);
  for (const link of replication.links) {
    if (found.some(({ network }) => network.name === link)) continue;
    const message = `replication over ${link} needs an address of both routers there, of one family: add them under routers`;
    findings.error(at(`networks.${link}`), "address-missing", message);
  }
  return found.map((link) => draftChannel(link, at(`networks.${link.network.name}`), replication));
}

function draftChannel(
  { interface: device, own, peer, isDefault }: LinkEnds,
  at: Position,
  { port, socketBuffer }: PairReplication,
): ChannelDraft {
  return {
    ...newChannel("udp", { type: "word", text: "UDP", at }),
    isDefault,
    interface: { value: device, at },
    address: { value: own, at },
    peer: { value: peer, at },
    port: { value: port, at },
    sendBuffer: socketBuffer,
    receiveBuffer: socketBuffer,
    mentioned: new Set(["interface", "address", "peer", "port"]),
  };
}

function draftFilter({ filter }: PairReplication): FilterDraft {
  const draft = { ...newFilter(), place: filter.place };
  const names = new ProtocolNames(NO_FILES);
  if (filter.protocols !== undefined) {
    draft.protocols.policy = "accept";
    for (const name of filter.protocols) {
      const number = names.lookUp(name);
      if (number !== undefined) draft.protocols.entries.set(String(number), number);
    }
  }
  if (filter.ignoredAddresses.length > 0) draft.addresses.policy = "ignore";
  for (const prefix of filter.ignoredAddresses)
    draft.addresses.entries.set(formatPrefix(prefix), prefix);
  if (filter.tcpStates !== undefined) {
    draft.tcpStates.policy = "accept";
    for (const name of filter.tcpStates) {
      const state = TCP_STATES[name];
      if (state !== undefined) draft.tcpStates.entries.set(String(state), state);
    }
  }
  return draft;
}
