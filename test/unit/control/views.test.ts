import { expect, test } from "vitest";
import { instant, microseconds } from "../../../src/base/time.ts";
import { maskSecrets } from "../../../src/control/mask.ts";
import { formatMetrics } from "../../../src/control/metrics.ts";
import { logReport, recordReport } from "../../../src/control/records.ts";
import { makeStatus } from "../../../src/control/status.ts";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import type { Transition } from "../../../src/vrrp/events.ts";
import type { RouterView } from "../../../src/vrrp/view.ts";
import { EMPTY_MODEL, recordingLogger, STATUS } from "./fixtures.ts";
import { REPLICATION } from "./flows-fixtures.ts";

const WALL_MS = Date.parse("2026-11-22T19:00:00.000Z");

const TRANSITION: Transition = {
  type: "transition",
  at: instant(5_000_000),
  unit: "G1",
  kind: "group",
  members: ["E1", "I1"],
  from: "backup",
  to: "active",
  cause: { code: "active-down", text: "no advertisement for 3.61s" },
  steps: [
    { name: "detect", took: microseconds(3_610_000), detail: "" },
    { name: "claim", took: microseconds(200), detail: "2 advertisements" },
    { name: "install", took: microseconds(1_700), detail: "2 addresses, 1 route" },
  ],
};

test("monotonic instants become wall times and ages", () => {
  const { intervalMs: _, actsInMs: __, ...same } = STATUS.instances[0]!;
  const view: RouterView = {
    at: instant(100_000_000),
    units: [
      {
        name: "I1",
        kind: "instance",
        state: "backup",
        members: ["I1"],
        since: instant(98_500_000),
        cause: { code: "start", text: "started" },
        trackers: [],
      },
    ],
    instances: [
      {
        ...same,
        faults: [],
        source: null,
        intervalUs: 1_000_000,
        active: { source: "192.0.2.1" as never, priority: 100, heardAt: instant(99_750_000) },
        deadline: instant(103_000_000),
      },
    ],
  };
  const { node, trackers, replication, warnings } = STATUS;
  const status = makeStatus({ node, view, wallMs: WALL_MS, trackers, replication, warnings });
  expect(status.units[0]).toMatchObject({ since: "2026-11-22T18:59:58.500Z", sinceMs: 1_500 });
  expect(status.instances[0]).toMatchObject({
    intervalMs: 1_000,
    actsInMs: 3_000,
    active: { heardAt: "2026-11-22T18:59:59.750Z", heardMs: 250 },
  });
});

test("a transition becomes a record with its cause in words and the report as data", () => {
  const clock = { monotonic: instant(6_000_000), wallMs: WALL_MS };
  expect(recordReport(TRANSITION, "alpha", clock)).toEqual({
    at: "2026-11-22T18:59:59.000Z",
    source: "alpha",
    name: "vrrp.transition",
    level: "info",
    subject: "G1",
    text: "backup -> active: no advertisement for 3.61s",
    data: TRANSITION,
  });
});

test("a transition to fault is a warning of its own name", () => {
  const { logger, lines } = recordingLogger();
  const cause = { code: "interface-down", text: "eth3 is down" } as const;
  logReport(logger, { ...TRANSITION, to: "fault", cause });
  expect(lines).toEqual([
    {
      name: "vrrp.fault",
      fields: { unit: "G1", from: "backup", to: "fault", cause: "interface-down", took_ms: 1.9 },
      text: "G1: backup -> fault: eth3 is down",
      level: undefined,
    },
  ]);
});

test("a remark keeps the level that the core gave it", () => {
  const { logger, lines } = recordingLogger();
  const at = instant(0);
  const remark = { type: "remark", at, level: "info", code: "two-active", subject: "I1" } as const;
  logReport(logger, { ...remark, text: "192.0.2.1 was active, too" });
  expect(lines).toEqual([
    {
      name: "vrrp.two-active",
      fields: { subject: "I1" },
      text: "I1: 192.0.2.1 was active, too",
      level: "info",
    },
  ]);
});

test("metrics are as they were", () => {
  expect(formatMetrics(STATUS)).toMatchSnapshot();
});

test("metrics of replication are as they were", () => {
  const text = formatMetrics({ ...STATUS, replication: REPLICATION });
  expect(text.slice(text.indexOf("# TYPE duet_replication"))).toMatchSnapshot();
});

test("what replication cannot measure has no sample", () => {
  const replication = { ...REPLICATION, lag: { messages: 3, ms: null } };
  const text = formatMetrics({ ...STATUS, replication });
  expect(text).toContain("# TYPE duet_replication_lag_seconds gauge\n");
  expect(text).not.toMatch(/^duet_replication_lag_seconds/m);
});

test("names cannot break the format of metrics", () => {
  const [unit] = STATUS.units;
  const text = formatMetrics({ ...STATUS, units: [{ ...unit!, name: 'a"b\\c\nd' }] });
  expect(text).toContain(String.raw`{unit="a\"b\\c\nd",duet_unit_state="active"} 1`);
});

test.each([
  { authentication: { type: "password", password: "733363726574" } },
  { authentication: { type: "header", key: "733363726574" } },
  { authentication: { type: "hmac", keys: [{ id: 1, secret: "733363726574" }] } },
])("the secret of $authentication.type is masked", (part) => {
  const instances = [part as unknown as InstanceConfig];
  const masked = maskSecrets({ ...EMPTY_MODEL, vrrp: { ...EMPTY_MODEL.vrrp, instances } });
  expect(JSON.stringify(masked)).not.toContain("733363726574");
  expect(JSON.stringify(masked)).toContain("***");
});
