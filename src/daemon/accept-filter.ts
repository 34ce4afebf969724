/**
 * Accept_Mode false (RFC 9568 section 6.1): an nftables table that drops what is addressed to or sent from the virtual
 * addresses of instances with no_accept, neighbour discovery excepted. It does no harm in a Backup, which does not have the
 * addresses, so it stands as long as the daemon runs and costs a takeover no time.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import type { InstanceConfig } from "../vrrp/config.ts";
import { StartError } from "./start-error.ts";

/** A table is made within milliseconds. */
const NFT_TIMEOUT_MS = 5_000;

/** Unique to the state directory, so that two daemons do not remove each other's table. */
export function filterTable(stateDirectory: string): string {
  const digest = createHash("sha256").update(stateDirectory).digest("hex");
  return `duet_accept_${digest.slice(0, 8)}`;
}

export const wantsFilter = (instances: readonly InstanceConfig[]): boolean =>
  instances.some(({ accept }) => !accept);

/** Makes the table what `instances` want, in one transaction. Throws StartError with nft's own words. */
export function applyFilter(table: string, instances: readonly InstanceConfig[]): void {
  const addresses: string[] = [];
  for (const instance of instances.filter(({ accept }) => !accept))
    for (const { spec } of [...instance.addresses, ...instance.excluded])
      addresses.push(spec.address);
  nft(`${removal(table)}\n${ruleset(table, addresses)}`);
}

/** Removes the table if it is there. */
export function removeFilter(table: string): void {
  nft(removal(table));
}

// "add" first: deleting a table that is not there would be an error.
const removal = (table: string): string => `add table inet ${table}\ndelete table inet ${table}`;

function ruleset(table: string, addresses: readonly string[]): string {
  const v4 = addresses.filter((address) => !address.includes(":"));
  const v6 = addresses.filter((address) => address.includes(":"));
  const rules = (direction: "daddr" | "saddr"): string[] => [
    ...(v4.length > 0 ? [`ip ${direction} { ${v4.join(", ")} } drop`] : []),
    ...(v6.length > 0
      ? [
          "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
          `ip6 ${direction} { ${v6.join(", ")} } drop`,
        ]
      : []),
  ];
  return [
    `table inet ${table} {`,
    "  chain input { type filter hook input priority filter - 1;",
    ...rules("daddr"),
    "  }",
    "  chain output { type filter hook output priority filter - 1;",
    ...rules("saddr"),
    "  }",
    "}",
  ].join("\n");
}

function nft(script: string): void {
  try {
    execFileSync("nft", ["-f", "-"], { input: script, stdio: "pipe", timeout: NFT_TIMEOUT_MS });
  } catch (cause) {
    throw new StartError(`no_accept cannot be had from nft: ${reasonOf(cause)}`, {
      exitCode: 2,
      cause,
    });
  }
}

/** The first line that nft wrote, or why it was not run. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const written =
    "stderr" in cause && Buffer.isBuffer(cause.stderr) ? cause.stderr.toString("utf8").trim() : "";
  const [first = cause.message] = written.split("\n");
  return first === "" ? cause.message : first;
}
