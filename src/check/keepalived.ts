/**
 * What is certain from one configuration and still not what anybody wants, beyond what its reader says. The other router's
 * file is not known here, so nothing is said that depends on it.
 */
import { formatDuration } from "../base/time.ts";
import type { FindingCode } from "../config/codes.ts";
import type { Diagnostic, Position } from "../config/diagnostics.ts";
import type { Loaded, Model } from "../config/model.ts";
import type { GroupConfig, InstanceConfig } from "../vrrp/config.ts";

/** Warnings in the order of the file; none when the file has errors, which come first. */
export function checkKeepalived({ model, files }: Loaded): readonly Diagnostic[] {
  if (model === undefined) return [];
  const fallback: Position = { file: files[0] ?? "", line: 1, column: 1 };
  const warn = (subject: string, code: FindingCode, message: string): Diagnostic => {
    const at = Object.hasOwn(model.positions, subject) ? model.positions[subject] : undefined;
    return { at: at ?? fallback, severity: "warning", code, message };
  };
  const found = [
    ...checkEmptiness(model, warn),
    ...checkPasswords(model, warn),
    ...checkSharedAddresses(model, warn),
    ...model.vrrp.groups.flatMap((group) => checkGroup(group, membersOf(model, group), warn)),
  ];
  return found.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
}

type Warn = (subject: string, code: FindingCode, message: string) => Diagnostic;

const membersOf = ({ vrrp }: Model, { members }: GroupConfig): readonly InstanceConfig[] =>
  vrrp.instances.filter(({ name }) => members.includes(name));

function checkEmptiness({ vrrp }: Model, warn: Warn): readonly Diagnostic[] {
  if (vrrp.instances.length > 0) return [];
  const message =
    "there is no vrrp_instance, so no address is held and nothing is elected; if this is not meant to be a keepalived.conf, name the right file, or say with --as what it is";
  return [warn("", "instance-none", message)];
}

/** Told once, at the first instance that has one. */
function checkPasswords({ vrrp }: Model, warn: Warn): readonly Diagnostic[] {
  const first = vrrp.instances.find(({ authentication }) => authentication.type === "password");
  if (first === undefined) return [];
  const message =
    "auth_type PASS sends the password in clear text: it guards against mistakes, not against attackers; keep VRRP on a network that you trust";
  return [warn(first.name, "clear-text-password", message)];
}

function checkSharedAddresses({ vrrp }: Model, warn: Warn): readonly Diagnostic[] {
  const owners = new Map<string, string>();
  const found: Diagnostic[] = [];
  for (const { name, addresses, excluded } of vrrp.instances) {
    for (const { spec } of [...addresses, ...excluded]) {
      const owner = owners.get(spec.address) ?? name;
      owners.set(spec.address, owner);
      if (owner === name) continue;
      const message = `${spec.address} is a virtual address of vrrp_instance ${owner}, too: remove it from one of them`;
      found.push(warn(name, "address-shared", message));
    }
  }
  return found;
}

function checkGroup(
  { name }: GroupConfig,
  members: readonly InstanceConfig[],
  warn: Warn,
): readonly Diagnostic[] {
  const rules: readonly (readonly [FindingCode, (member: InstanceConfig) => string, string])[] = [
    [
      "group-priority",
      ({ priority }) => String(priority),
      "have different priorities; if the other router is higher in one of them only, the group never moves: give all members one priority",
    ],
    [
      "group-interval",
      ({ interval }) => formatDuration(interval),
      "advertise at different intervals, so the slowest decides when the group moves: give all members one advert_int",
    ],
    [
      "group-preempt",
      ({ preempt }) => (preempt ? "preempt" : "nopreempt"),
      "do not agree on preemption: write nopreempt in all members or in none",
    ],
  ];
  return rules.flatMap(([code, valueOf, what]) => {
    if (new Set(members.map(valueOf)).size < 2) return [];
    const values = members.map((member) => `${member.name}: ${valueOf(member)}`).join(", ");
    return [warn(name, code, `members of vrrp_sync_group ${name} ${what} (${values})`)];
  });
}
