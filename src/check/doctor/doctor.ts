/** `duet doctor`: from one look at a live router, and what it should be like, to findings. */

import { type DoctorFinding, type Expectation, fromReader, report } from "./finding.ts";
import { checkFirewall } from "./firewall.ts";
import { checkInterfaces, checkRoutes } from "./interfaces.ts";
import { checkKernel } from "./kernel.ts";
import { type Ruleset, readRuleset } from "./nft/ruleset.ts";
import { tracksConnections } from "./nft/travel.ts";
import { checkRoles } from "./roles.ts";
import { checkSegment } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";
import { checkSystem } from "./system.ts";
import { checkTranslation } from "./translation.ts";

/** Errors first, otherwise in the order of the subjects: kernel, interfaces, packet filter, the wire, the daemon, the rest. */
export function diagnose(snapshot: Snapshot, expected: Expectation): readonly DoctorFinding[] {
  const { ruleset: seen } = snapshot;
  const ruleset = seen === null ? undefined : readRuleset(seen.json, seen.listing);
  const findings = [
    ...checkKernel(snapshot, expected),
    ...checkInterfaces(snapshot, expected),
    ...checkRoutes(snapshot, expected),
    ...(ruleset === undefined ? [] : checkRules(ruleset, snapshot, expected)),
    ...checkSegment(snapshot, expected),
    ...checkRoles(snapshot, expected),
    ...checkSystem(snapshot, expected),
    ...expected.local.map((diagnostic) => fromReader(diagnostic)),
  ];
  return [...findings.filter(isError), ...findings.filter((finding) => !isError(finding))];
}

const checkRules = (
  ruleset: Ruleset,
  snapshot: Snapshot,
  expected: Expectation,
): readonly DoctorFinding[] => [
  ...checkFirewall(ruleset, snapshot, expected),
  ...checkTranslation(ruleset, snapshot, expected),
  ...checkUntracked(ruleset, snapshot, expected),
];

const isError = ({ severity }: DoctorFinding): boolean => severity === "error";

/** Connection tracking runs only where a rule asks for it. */
function checkUntracked(
  ruleset: Ruleset,
  { legacyTables, sysctls }: Snapshot,
  { replication }: Expectation,
): readonly DoctorFinding[] {
  const count = Number(sysctls["net.netfilter.nf_conntrack_count"] ?? 0);
  const mayTrack = tracksConnections(ruleset) || legacyTables.length > 0 || count > 0;
  if (replication === undefined || mayTrack) return [];
  const message = "no rule of nftables makes the kernel track connections";
  return [report({ code: "nothing-tracked", place: "nft list ruleset", message })];
}
