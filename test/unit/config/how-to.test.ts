import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import type { AddressSpec } from "../../../src/wire/objects.ts";
import { loadText, MAIN } from "../../support/keepalived-files.ts";

const TEXT = readFileSync(path.join(import.meta.dirname, "how-to.conf"), "utf8");

const heldAddress = (device: string, address: string): { spec: AddressSpec; tracked: boolean } => ({
  spec: {
    interface: device,
    address: address as AddressSpec["address"],
    prefixLength: 24,
    scope: 0,
    flags: 0,
    protocol: 112,
    validLifetime: "forever",
    preferredLifetime: "forever",
  },
  tracked: true,
});

const COMMON = {
  family: 4,
  version: 2,
  vrid: 51,
  priority: 101,
  startsActive: false,
  interval: 1_000_000,
  downAdverts: 3,
  preempt: false,
  preemptDelay: 0,
  accept: true,
  transport: { type: "multicast", group: "224.0.0.18" },
  trackSource: false,
  authentication: { type: "password", password: "733363726574" },
  checksum: "pseudo-header",
  oldUnicastChecksum: "auto",
  skipAddressCheck: false,
  excluded: [],
  rules: [],
  announcements: {
    repeat: 5,
    delay: 5_000_000,
    refresh: 0,
    refreshRepeat: 1,
    lowerPriorityRepeat: 5,
    lowerPriorityDelay: 5_000_000,
    arpInterval: 0,
    naInterval: 0,
  },
  advertiseToLower: true,
  advertiseToHigher: false,
  ownerIgnoresAdverts: false,
  strict: false,
  trackInterface: true,
  tracking: [],
  promoteSecondaries: false,
  reportPriorityChanges: false,
} as unknown as InstanceConfig;

const DEFAULT_ROUTE = {
  spec: {
    family: 4,
    type: "unicast",
    destination: { address: "0.0.0.0", length: 0 },
    preferredSource: "192.168.0.4",
    gateway: "192.168.0.1",
    interface: "eth0.2",
    metric: 5,
    table: 254,
    protocol: 112,
    onlink: false,
    metrics: {},
    lockedMetrics: [],
    nexthops: [],
  },
  tracked: true,
};

test("the configuration of the how-to gives exactly this model", () => {
  expect(loadText(TEXT).model).toStrictEqual({
    routerId: "alpha.example.net",
    vrrp: {
      instances: [
        {
          ...COMMON,
          name: "I1",
          interface: "br-lan",
          addresses: [heldAddress("br-lan", "10.9.8.4")],
          routes: [],
        },
        {
          ...COMMON,
          name: "E1",
          interface: "eth0.2",
          addresses: [heldAddress("eth0.2", "192.168.0.4")],
          routes: [DEFAULT_ROUTE],
        },
      ],
      groups: [
        {
          name: "G1",
          members: ["E1", "I1"],
          tracking: [],
          memberWeights: false,
          reportPriorityChanges: false,
        },
      ],
      startupDelay: 0,
      linkDelays: [],
      fencing: { lifetimeSeconds: 2, renewal: 500_000 },
    },
    instanceNotify: { I1: { reportsDeleted: false }, E1: { reportsDeleted: false } },
    groupNotify: { G1: { reportsDeleted: false } },
    trackers: [],
    statics: { addresses: [], routes: [], rules: [] },
    fifos: [],
    scheduling: {},
    dynamicInterfaces: false,
    logUnknownVrids: false,
    positions: {
      G1: { file: MAIN, line: 4, column: 1 },
      I1: { file: MAIN, line: 12, column: 1 },
      E1: { file: MAIN, line: 29, column: 1 },
    },
  });
});

test("its only findings are the two states in lower case", () => {
  expect(loadText(TEXT).diagnostics.map(({ at, code }) => [at.line, at.column, code])).toEqual([
    [13, 9, "state-case"],
    [30, 9, "state-case"],
  ]);
});

test("the model is frozen to its leaves", () => {
  const { model } = loadText(TEXT);
  expect(Object.isFrozen(model?.vrrp.instances[1]?.routes[0]?.spec.destination)).toBe(true);
});

test("carriage returns at the ends of lines change nothing", () => {
  expect(loadText(TEXT.replaceAll("\n", "\r\n")).model).toStrictEqual(loadText(TEXT).model);
});
