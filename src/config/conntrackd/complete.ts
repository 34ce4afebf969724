/** From what was read to a configuration that can be run: defaults, and what several statements must agree on. */
import { seconds } from "../../base/time.ts";
import type {
  AcceptOrIgnore,
  FilterConfig,
  ReplicationConfig,
  ReplicationMode,
} from "../../replication/config.ts";
import type { Findings } from "../findings.ts";
import type { Environment } from "../source.ts";
import { completeChannels } from "./complete-channels.ts";
import type { FilterDraft, FilterRule } from "./filter.ts";
import type { GeneralDraft } from "./general.ts";
import type { Mode, SyncDraft } from "./sync.ts";

export interface Completion {
  readonly findings: Findings;
  readonly environment: Environment;
}

/** The configuration; what it lacks is reported, and must keep it from being used. */
export function completeReplication(
  completion: Completion,
  sync: SyncDraft,
  general: GeneralDraft,
): ReplicationConfig {
  const mode = completeMode(completion, sync);
  return {
    mode,
    channels: completeChannels(completion, sync),
    commitTimeout: completeCommitTimeout(completion, sync, mode),
    purgeTimeout: sync.purgeTimeout,
    loadsAhead: sync.loadsAhead,
    windowTracking: sync.windowTracking,
    expectations: sync.expectations,
    hashSize: general.hashSize,
    hashLimit: general.hashLimit,
    ...completeBuffers(completion, general),
    overrunResync: general.overrunResync,
    reliableEvents: general.reliableEvents,
    eventIterationLimit: general.eventIterationLimit,
    poll: general.poll,
    filter: completeFilter(general.filter),
    logFile: general.logFile,
    syslog: general.syslog,
    lockFile: general.lockFile,
    controlSocket: general.controlSocket,
  };
}

/** Which of several modes counts. */
const PRECEDENCE: readonly Mode[] = ["FTFW", "ALARM", "NOTRACK"];

function completeMode({ findings }: Completion, sync: SyncDraft): ReplicationMode {
  const { modes } = sync;
  const chosen = PRECEDENCE.find((mode) => modes.some((entry) => entry.mode === mode)) ?? "FTFW";
  if (modes.length === 0) {
    findings.warn(sync.at, "mode-missing", "Sync has no Mode: FTFW is used; write Mode FTFW { }");
  }
  for (const { mode, at } of modes) {
    const message = `Mode ${mode} has no effect beside Mode ${chosen}: remove one of them`;
    if (mode !== chosen) findings.warn(at, "mode-repeated", message);
  }
  const externalCache = !sync.externalCacheDisabled;
  const { startupResync } = sync;
  switch (chosen) {
    case "FTFW": {
      const { resendQueueSize, ackWindowSize } = sync;
      return { type: "ftfw", resendQueueSize, ackWindowSize, externalCache, startupResync };
    }
    case "NOTRACK": {
      const internalCache = !sync.internalCacheDisabled;
      return { type: "notrack", internalCache, externalCache, startupResync };
    }
    case "ALARM": {
      const { refreshTime, cacheTimeout } = sync;
      return { type: "alarm", refreshTime, cacheTimeout };
    }
  }
}

/** Without an external cache nothing is committed, so there is no timeout to be given. */
function completeCommitTimeout(
  { findings }: Completion,
  { commitTimeout }: SyncDraft,
  mode: ReplicationMode,
): ReplicationConfig["commitTimeout"] {
  if (commitTimeout === undefined || commitTimeout.seconds === 0) return undefined;
  if (mode.type === "alarm" || mode.externalCache) return seconds(commitTimeout.seconds);
  const message = "CommitTimeout has no effect with DisableExternalCache on: remove one of the two";
  findings.warn(commitTimeout.at, "option-conflict", message);
  return undefined;
}

type Buffers = Pick<ReplicationConfig, "netlinkBuffer" | "netlinkBufferMax">;

function completeBuffers({ findings }: Completion, general: GeneralDraft): Buffers {
  const { netlinkBuffer, netlinkBufferMax: max } = general;
  const size = netlinkBuffer ?? 0;
  if (max !== undefined && max.value < size) {
    const message = `NetlinkBufferSizeMaxGrowth ${max.value} is below NetlinkBufferSize ${size}, so the buffer does not grow (conntrackd ignores NetlinkBufferSize then): write at least ${size}`;
    findings.warn(max.at, "buffer-limit", message);
  }
  return { netlinkBuffer, netlinkBufferMax: Math.max(max?.value ?? 0, size) };
}

const completeFilter = (draft: FilterDraft): FilterConfig => ({
  place: draft.place,
  protocols: completeRule(draft.protocols),
  addresses: completeRule(draft.addresses),
  tcpStates: completeRule(draft.tcpStates),
});

const completeRule = <T>({ policy, entries }: FilterRule<T>): AcceptOrIgnore<T> | undefined =>
  policy === undefined ? undefined : { policy, entries: [...entries.values()] };
