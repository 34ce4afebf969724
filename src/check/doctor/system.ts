/** Clock, upgrades of the system, modules: what surrounds the daemon. */
import { type DoctorFinding, type Expectation, report } from "./finding.ts";
import type { Snapshot } from "./snapshot.ts";

export const checkSystem = (
  snapshot: Snapshot,
  expected: Expectation,
): readonly DoctorFinding[] => [
  ...checkClock(snapshot, expected),
  ...checkUpgrades(snapshot, expected),
  ...checkModules(snapshot, expected),
];

function checkClock(
  { clockSynchronised }: Snapshot,
  { model: { vrrp } }: Expectation,
): readonly DoctorFinding[] {
  if (clockSynchronised !== false) return [];
  const signed = vrrp.instances.find(
    ({ authentication }) => authentication.type === "hmac" && authentication.replay === "time",
  );
  const message =
    signed === undefined
      ? "the kernel says that nobody keeps the clock right"
      : `the kernel says that nobody keeps the clock right, and ${signed.name} signs its advertisements with the time`;
  return [
    report({
      code: "clock-not-synchronised",
      place: "clock",
      message,
      severity: signed === undefined ? "warning" : "error",
    }),
  ];
}

function checkUpgrades({ keptPaths }: Snapshot, { files }: Expectation): readonly DoctorFinding[] {
  if (keptPaths === null) return [];
  return files
    .filter((file) => !keptPaths.some((pattern) => keeps(pattern, file)))
    .map((file) =>
      report({
        code: "sysupgrade-missing",
        place: file,
        message: `${file} is not kept when the system is upgraded`,
        fix: `echo ${file} >> /etc/sysupgrade.conf`,
      }),
    );
}

/** Patterns as sysupgrade hands them to find(1): a path, a folder with all below it, or a glob. */
function keeps(pattern: string, file: string): boolean {
  const source = pattern
    .replace(/\/+$/, "")
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${source}(?:/.*)?$`).test(file);
}

/** Names that conntrackd uses for a helper, where its module is called otherwise. */
const MODULES: Readonly<Record<string, string>> = {
  RAS: "h323",
  "Q.931": "h323",
  "H.245": "h323",
  "netbios-ns": "netbios_ns",
};

function checkModules(
  { modules }: Snapshot,
  { replication }: Expectation,
): readonly DoctorFinding[] {
  const helpers = replication?.expectations;
  if (modules === null || typeof helpers !== "object") return [];
  return helpers
    .map((helper) => ({ helper, module: `nf_conntrack_${MODULES[helper] ?? helper}` }))
    .filter(({ module }) => !modules.includes(module))
    .map(({ helper, module }) =>
      report({
        code: "helper-not-loaded",
        place: module,
        message: `expectations of ${helper} are replicated, and ${module} is not loaded`,
        fix: `modprobe ${module} && echo ${module} >> /etc/modules-load.d/duet.conf`,
      }),
    );
}
