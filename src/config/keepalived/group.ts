/** vrrp_sync_group blocks, and what membership does to the trackers of instances. */
import type { GroupConfig, InstanceConfig, Tracking } from "../../vrrp/config.ts";
import { PRIORITY_OWNER } from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import type { NotifyDraft } from "./commands.ts";
import { newNotifyDraft, notifyKeywords } from "./commands.ts";
import type { Globals } from "./globals.ts";
import type { Word } from "./lexer.ts";
import type { Reading, Table } from "./reading.ts";
import { keyword, unsupported } from "./reading.ts";
import type { DefinedTracker } from "./trackers.ts";
import type { TrackingDraft } from "./tracking.ts";
import { resolveTracking, trackingKeywords } from "./tracking.ts";
import { readBoolean } from "./values.ts";

export interface GroupDraft extends NotifyDraft {
  readonly name: string;
  readonly at: Position;
  members?: readonly Word[];
  readonly tracking: TrackingDraft[];
  memberWeights: boolean;
  reportPriorityChanges?: boolean;
}

export const newGroup = (name: string, at: Position): GroupDraft => ({
  ...newNotifyDraft(),
  name,
  at,
  tracking: [],
  memberWeights: false,
});

export const GROUP: Table<GroupDraft> = [
  keyword(
    "group",
    "{ … }",
    { doc: "Names of the instances that move together." },
    ({ findings }, { keyword: { at }, block }, draft) => {
      const words = (block?.statements ?? []).flatMap((entry) =>
        [entry.keyword].concat(entry.words),
      );
      if (draft.members === undefined) draft.members = words;
      else
        findings.error(
          at,
          "keyword-repeated",
          "group stands here twice: write all members in one block",
        );
    },
  ),
  ...trackingKeywords<GroupDraft>(),
  ...notifyKeywords<GroupDraft>(),
  keyword(
    "notify_priority_changes",
    "[BOOLEAN]",
    { doc: "Write changes of priority to the named pipes.", initial: "the global value" },
    (reading, statement, draft) => {
      const value = readBoolean(reading, statement);
      if (value !== undefined) draft.reportPriorityChanges = value;
    },
  ),
  keyword(
    "sync_group_tracking_weight",
    "",
    { doc: "Weights of member trackers count.", initial: "off" },
    (_, __, draft) => {
      draft.memberWeights = true;
    },
  ),
  keyword(
    "global_tracking",
    "",
    { doc: "The old name of sync_group_tracking_weight.", initial: "off" },
    ({ findings }, statement, draft) => {
      const message = "global_tracking is deprecated: write sync_group_tracking_weight";
      findings.warn(statement.keyword.at, "deprecated", message);
      draft.memberWeights = true;
    },
  ),
  unsupported("smtp_alert", "[BOOLEAN]", "Mail."),
];

/** What the groups of one file share. */
export interface Grouping {
  readonly globals: Globals;
  readonly trackers: ReadonlyMap<string, DefinedTracker>;
  readonly instances: ReadonlyMap<string, InstanceConfig>;
  /** Instances that could not be completed, for a reason that was reported. */
  readonly incomplete: ReadonlySet<string>;
  /** The group of each instance that has one so far. */
  readonly owners: Map<string, string>;
}

/** Undefined for a group without members. */
export function completeGroup(
  reading: Reading,
  draft: GroupDraft,
  grouping: Grouping,
): GroupConfig | undefined {
  const { name, at } = draft;
  const words = draft.members ?? [];
  const members = words.filter((word) => admitMember(reading, word, name, grouping));
  if (words.length === 0) {
    const message = `vrrp_sync_group ${name} has no member and is left out: add group { INSTANCE … }`;
    reading.findings.warn(at, "group-empty", message);
  }
  if (members.length === 0) return undefined;
  if (members.length === 1) {
    const message = `vrrp_sync_group ${name} has one member, so there is nothing to synchronise`;
    reading.findings.warn(at, "group-single", message);
  }
  return {
    name,
    members: members.map(({ text }) => text),
    tracking: groupTracking(reading, draft, grouping, members),
    memberWeights: draft.memberWeights,
    reportPriorityChanges: draft.reportPriorityChanges ?? grouping.globals.reportPriorityChanges,
  };
}

function admitMember(
  { findings }: Reading,
  { text, at }: Word,
  group: string,
  { instances, incomplete, owners }: Grouping,
): boolean {
  if (!instances.has(text)) {
    const known = [...instances.keys(), ...incomplete];
    const message = `there is no vrrp_instance ${text}${didYouMean(text, known)}`;
    if (!incomplete.has(text)) findings.error(at, "group-member-unknown", message);
    return false;
  }
  const owner = owners.get(text);
  if (owner === undefined) {
    owners.set(text, group);
    return true;
  }
  const message =
    owner === group
      ? `${text} is a member already; remove it here`
      : `${text} is a member of ${owner} already, and can be in one group only`;
  findings.error(at, "group-member-twice", message);
  return false;
}

function groupTracking(
  reading: Reading,
  { name, at, tracking }: GroupDraft,
  { trackers, instances }: Grouping,
  members: readonly Word[],
): readonly Tracking[] {
  const resolved = resolveTracking(reading, tracking, trackers);
  const owner = members.find(({ text }) => instances.get(text)?.priority === PRIORITY_OWNER);
  if (owner === undefined || resolved.every(({ weight }) => weight === 0)) return resolved;
  const message = `${owner.text} in vrrp_sync_group ${name} owns its addresses (priority 255), so the weights of the group have no effect`;
  reading.findings.warn(at, "priority-owner", message);
  return resolved.map(withoutWeight);
}

/**
 * An instance as a member: without sync_group_tracking_weight the weights of its trackers do not count. A weighted interface
 * then causes a fault when it is lost, a file of weight 1 when it is not 0; other weighted trackers are dropped.
 */
export function joinGroup(
  { findings }: Reading,
  instance: InstanceConfig,
  { name, memberWeights }: GroupConfig,
  at: Position,
): InstanceConfig {
  const weighted = instance.tracking.filter(({ weight }) => weight !== 0);
  if (memberWeights || weighted.length === 0) return instance;
  const names = weighted.map(({ tracker }) => tracker.replace(":", " ")).join(", ");
  const message = `${instance.name} is in vrrp_sync_group ${name}, where the weights of its trackers do not count (${names}): track them in the group, or add sync_group_tracking_weight there`;
  findings.warn(at, "group-weight", message);
  const tracking = instance.tracking
    .filter((entry) => entry.weight === 0 || becomesFault(entry))
    .map(withoutWeight);
  return { ...instance, tracking };
}

const becomesFault = ({ tracker, weight }: Tracking): boolean =>
  tracker.startsWith("interface:") || (tracker.startsWith("file:") && weight === 1);

const withoutWeight = ({ tracker, reverse }: Tracking): Tracking => ({
  tracker,
  weight: 0,
  reverse,
});
