/** Stand-ins for what the parts of the daemon need: a kernel, a log, and objects of the configuration. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Command } from "../../src/config/model.ts";
import type { ChangeResult } from "../../src/kernel/route-netlink.ts";
import type { Level } from "../../src/log/catalogue.ts";
import type { Logger } from "../../src/log/logger.ts";
import type { VirtualRoute, VirtualRule } from "../../src/vrrp/config.ts";
import { DUET_PROTOCOL } from "../../src/wire/objects.ts";
import type { Change } from "../../src/wire/rtnetlink/change.ts";
import type { AddressEntry, LinkEntry } from "../../src/wire/rtnetlink/entries.ts";
import { defaultRoute, ip } from "./vrrp-config.ts";

export interface Logged {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly level: Level | undefined;
}

/** Keeps what is logged. */
export class MemoryLog implements Logger {
  readonly events: Logged[] = [];

  event(name: string, fields: object, text: string, level?: Level): void {
    this.events.push({ name, fields: { ...fields }, text, level });
  }
  droppedLines(): number {
    return 0;
  }
  flush(): void {}
  async close(): Promise<void> {}

  named(name: string): readonly Logged[] {
    return this.events.filter((event) => event.name === name);
  }
}

const describe = (change: Change): string => {
  switch (change.type) {
    case "address":
      return `address ${change.spec.address}/${change.spec.prefixLength} ${change.spec.interface}`;
    case "route":
      return `route ${change.spec.destination.address}/${change.spec.destination.length}`;
    case "rule":
      return `rule ${change.spec.preference}`;
    case "link":
      return `link ${change.interface}`;
  }
};

/** A kernel that holds what it is told to, refuses what it is told to refuse, and remembers every request. */
export class FakeKernel {
  readonly holds = new Set<string>();
  readonly refusals = new Map<string, { readonly code: string; readonly message: string }>();
  readonly requests: string[] = [];
  batches = 0;

  apply(changes: readonly Change[]): ChangeResult[] {
    this.batches += 1;
    return changes.map((change) => this.#apply(change));
  }

  #apply(change: Change): ChangeResult {
    const name = describe(change);
    this.requests.push(`${change.verb} ${name}`);
    const refusal = this.refusals.get(name);
    if (refusal !== undefined && change.verb !== "delete")
      return { ok: false, errno: 1, ...refusal };
    if (change.verb === "delete")
      return this.holds.delete(name) ? { ok: true } : failure("ESRCH", name);
    if (this.holds.has(name) && change.verb !== "replace") return failure("EEXIST", name);
    this.holds.add(name);
    return { ok: true };
  }
}

const failure = (code: string, name: string): ChangeResult => ({
  ok: false,
  errno: 1,
  code,
  message: `${name}: ${code}`,
});

export const lookUp = (): number => 1;

/** A default route on eth0, and a rule with that preference. */
export const route = (): VirtualRoute => defaultRoute("192.0.2.254", "eth0");
export const rule = (preference: number): VirtualRule => ({
  tracked: true,
  spec: {
    family: 4,
    action: "lookup",
    not: false,
    from: { address: ip("192.0.2.0"), length: 24 },
    table: 100,
    preference,
    protocol: DUET_PROTOCOL,
    l3mdev: false,
  },
});

export const link = (index: number, name: string, some: Partial<LinkEntry> = {}): LinkEntry => ({
  index,
  name,
  hardwareType: 1,
  flags: 0x1043,
  up: true,
  running: true,
  mtu: 1500,
  group: 0,
  ...some,
});

/** An address that somebody else set, for ever. */
export const addressEntry = (
  index: number,
  address: string,
  some: Partial<AddressEntry> = {},
): AddressEntry => ({
  family: address.includes(":") ? 6 : 4,
  index,
  address: ip(address),
  prefixLength: address.includes(":") ? 64 : 24,
  scope: 0,
  flags: 0x80,
  protocol: 0,
  validLifetime: "forever",
  preferredLifetime: "forever",
  ...some,
});

/** A folder for one test, and little programs in it. */
export class Workshop {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), "duet-unit-"));

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** A shell script as a command of the configuration. */
  script(name: string, text: string, ...words: readonly string[]): Command {
    const file = this.path(name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return { argv: [file, ...words], at: { file: "test", line: 1, column: 1 } };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
