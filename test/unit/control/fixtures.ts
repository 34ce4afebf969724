import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { Model } from "../../../src/config/model.ts";
import type { ControlSource, NewEvent, StatusView } from "../../../src/control/contract.ts";
import { EventRing } from "../../../src/control/event-ring.ts";
import type { EventName, Level } from "../../../src/log/catalogue.ts";
import type { Logger } from "../../../src/log/logger.ts";

/** A socket path in a folder of its own, removed with everything in it when the test is over. */
export function temporarySocket(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-control-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return path.join(folder, "duet.sock");
}

export interface LoggedEvent {
  readonly name: EventName;
  readonly fields: unknown;
  readonly text: string;
  readonly level: Level | undefined;
}

export function recordingLogger(): { readonly logger: Logger; readonly lines: LoggedEvent[] } {
  const lines: LoggedEvent[] = [];
  const logger: Logger = {
    event: (name, fields, text, level) => {
      lines.push({ name, fields, text, level });
    },
    droppedLines: () => 0,
    flush: () => {},
    close: async () => {},
  };
  return { logger, lines };
}

export const newEvent = (text: string): NewEvent => ({
  at: "2026-11-22T19:00:00.000Z",
  source: "alpha",
  name: "vrrp.transition",
  level: "info",
  subject: "G1",
  text,
  data: null,
});

export const EMPTY_MODEL: Model = {
  routerId: "alpha",
  vrrp: { instances: [], groups: [], startupDelay: 0 as never, linkDelays: [] },
  instanceNotify: {},
  groupNotify: {},
  trackers: [],
  statics: { addresses: [], routes: [], rules: [] },
  fifos: [],
  scheduling: {},
  dynamicInterfaces: false,
  logUnknownVrids: false,
  positions: {},
};

/** A daemon that is not there. */
export function fakeSource(overrides: Partial<ControlSource> = {}): ControlSource {
  return {
    status: () => STATUS,
    events: new EventRing("life"),
    reload: async () => ({ applied: true, diagnostics: [], changes: ["I1: priority 100 -> 101"] }),
    resign: (unit) =>
      unit === "G1"
        ? { accepted: true }
        : { accepted: false, code: "unknown-unit", message: `there is no unit ${unit}` },
    model: () => EMPTY_MODEL,
    replication: () => undefined,
    ...overrides,
  };
}

export const STATUS: StatusView = {
  node: {
    name: "alpha",
    pid: 4711,
    version: "0.1.0",
    startedAt: "2026-11-22T18:00:00.000Z",
    uptimeMs: 3_723_000,
    configFiles: ["/etc/keepalived/keepalived.conf", "/etc/keepalived/lan.conf"],
    configLoadedAt: "2026-11-22T18:00:00.100Z",
    realtime: { policy: "rr", priority: 50 },
    fencing: { lifetimeSeconds: 3, renewalMs: 1_000 },
    lateness: { maxUs: 912, p99Us: 140 },
    droppedLogLines: 0,
    stateDir: "/var/lib/duet",
  },
  units: [
    {
      name: "G1",
      kind: "group",
      state: "active",
      members: ["E1", "I1"],
      since: "2026-11-22T18:58:40.000Z",
      sinceMs: 80_000,
      cause: { code: "active-down", text: "no advertisement for 3.61s" },
      trackers: [{ tracker: "script:chk", value: "up", weight: -20 }],
    },
    {
      name: "I2",
      kind: "instance",
      state: "fault",
      members: ["I2"],
      since: "2026-11-22T18:00:00.000Z",
      sinceMs: 3_600_000,
      cause: { code: "interface-down", text: "interface eth3 is down" },
      trackers: [],
    },
  ],
  instances: [
    {
      name: "E1",
      unit: "G1",
      interface: "eth0.2",
      vrid: 51,
      family: 4,
      version: 2,
      state: "active",
      basePriority: 101,
      effectivePriority: 101,
      intervalMs: 1_000,
      source: "192.168.0.2",
      active: null,
      actsInMs: 420,
      addresses: ["192.168.0.4/24"],
      routes: ["default via 192.168.0.1 src 192.168.0.4 metric 5"],
      faults: [],
      counters: {
        advertisementsReceived: 12,
        advertisementsSent: 80,
        priorityZeroReceived: 1,
        priorityZeroSent: 0,
        becameActive: 1,
        releasedActive: 0,
        objectsHealed: 2,
        refused: { "bad-ttl": 3, "authentication-failed": 1 },
      },
    },
    {
      name: "I2",
      unit: "I2",
      interface: "eth3",
      vrid: 9,
      family: 6,
      version: 3,
      state: "fault",
      basePriority: 100,
      effectivePriority: 100,
      intervalMs: 100,
      source: null,
      active: {
        source: "fe80::1",
        priority: 150,
        heardAt: "2026-11-22T18:00:00.000Z",
        heardMs: 3_600_000,
      },
      actsInMs: null,
      addresses: ["2001:db8::1/64"],
      routes: [],
      faults: [{ code: "interface-down", text: "interface eth3 is down" }],
      counters: {
        advertisementsReceived: 0,
        advertisementsSent: 0,
        priorityZeroReceived: 0,
        priorityZeroSent: 0,
        becameActive: 0,
        releasedActive: 0,
        objectsHealed: 0,
        refused: {},
      },
    },
  ],
  trackers: [
    {
      tracker: "script:chk",
      value: "up",
      changedAt: "2026-11-22T18:00:01.000Z",
      detail: "exit status 0",
    },
  ],
  replication: null,
  warnings: [
    {
      at: { file: "/etc/keepalived/keepalived.conf", line: 3, column: 1 },
      severity: "warning",
      code: "unsupported-section",
      message: "virtual_server is not supported and was left out",
    },
  ],
};
