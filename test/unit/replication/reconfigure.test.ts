import { beforeEach, describe, expect, test } from "vitest";
import { parsePrefix } from "../../../src/base/ip.ts";
import { seconds } from "../../../src/base/time.ts";
import type { FilterConfig, ReplicationConfig } from "../../../src/replication/config.ts";
import { compareConfigs, describeReconfiguration } from "../../../src/replication/reconfigure.ts";
import { Replicator } from "../../../src/replication/replicator.ts";
import { FlowRequests } from "../../../src/wire/ctnetlink/flow-requests.ts";
import { FTFW, replicationConfig } from "../../sim/replication-duet.ts";
import { flowOf, kernelAttributes } from "../../sim/replication-flow.ts";
import { bytes, viewOf } from "../../support/bytes.ts";
import { flowCaptures } from "../../support/flow-captures.ts";
import { at } from "../../support/replication-flows.ts";

const NOTRACK = {
  type: "notrack",
  internalCache: true,
  externalCache: true,
  startupResync: false,
} as const;
const ALARM = {
  type: "alarm",
  refreshTime: seconds(60),
  cacheTimeout: seconds(180),
} as const;
const FILTER: FilterConfig = replicationConfig().filter;

const ignoring = (network: string): FilterConfig => ({
  ...FILTER,
  addresses: { policy: "ignore", entries: [parsePrefix(network)!] },
});

type Changes = Partial<ReplicationConfig>;

describe("a change of the configuration", () => {
  const channel = replicationConfig().channels[0]!;
  test.each<[string, Changes, string]>([
    ["filter", { filter: ignoring("10.0.0.0/8") }, "filter"],
    ["timeouts", { commitTimeout: seconds(9), purgeTimeout: seconds(9) }, "commit timeout"],
    ["buffers", { netlinkBuffer: 1, netlinkBufferMax: 2, reliableEvents: true }, "event buffer"],
    ["links", { channels: [channel, { ...channel, port: 9 }] }, "dedicated links"],
    ["window", { mode: { ...FTFW, ackWindowSize: 5, resendQueueSize: 7 } }, "mode"],
    ["logs", { syslog: "daemon", logFile: "/x", lockFile: "/y", controlSocket: "/z" }, "log file"],
    ["overruns", { overrunResync: undefined, poll: seconds(5) }, "resync after an overrun"],
  ])("of %s keeps the tables", (_name, changes, word) => {
    const difference = compareConfigs(replicationConfig(), replicationConfig(changes));
    expect(difference.reason).toBeUndefined();
    expect(difference.changes).toContain(word);
    expect(describeReconfiguration(difference)).toMatch(/changed; the tables are kept$/);
  });

  test.each<[Changes, Changes, string]>([
    [{}, { mode: NOTRACK }, "the mode changed from ftfw to notrack"],
    [{}, { mode: { ...FTFW, externalCache: false } }, "the external cache was switched off"],
    [
      { mode: { ...NOTRACK, internalCache: false } },
      { mode: NOTRACK },
      "the internal cache was switched on",
    ],
    [{}, { expectations: ["ftp"] }, "expectations were switched on"],
    [{ expectations: true }, {}, "expectations were switched off"],
    [{}, { hashLimit: 8192 }, "they were made for 4096 flows and are to take 8192"],
  ])("from %o to %o makes them begin anew", (before, after, reason) => {
    const difference = compareConfigs(replicationConfig(before), replicationConfig(after));
    expect(difference.reason).toBe(reason);
    expect(describeReconfiguration(difference)).toMatch(
      new RegExp(`changed; the tables begin anew, because ${reason}$`),
    );
  });

  test("that changes nothing is none", () => {
    const difference = compareConfigs(replicationConfig(), replicationConfig());
    expect(describeReconfiguration(difference)).toBeUndefined();
    expect(difference).toEqual({
      changes: [],
      reason: undefined,
      changesChannels: false,
      changesSockets: false,
      changesContent: false,
    });
  });
});

describe("a replicator that is configured anew", () => {
  let replicator: Replicator;
  const begin = (changes: Changes = {}): void => {
    const config = replicationConfig(changes);
    const options = { config, startSequence: 100, seed: 3, peerIsLittleEndian: true };
    replicator = new Replicator(options, at(0));
    replicator.handleLink(0, 1472);
  };
  beforeEach(() => begin());

  const dump = (...numbers: readonly number[]): void => {
    replicator.beginDump();
    for (const number of numbers)
      replicator.handleFlow("dump", kernelAttributes(flowOf(number)), at(1));
    replicator.endDump(true, at(1));
  };
  const own = (): number | undefined => replicator.view(at(1)).flows.internal?.flows;
  const hear = (hex: string, time = 0): void => {
    const datagram = viewOf(bytes(hex));
    replicator.handleDatagram(datagram, datagram.byteLength, 0, at(time));
  };
  const peers = (): number => replicator.view(at(1)).flows.external.flows;
  const hearFlow = (): void =>
    hear(flowCaptures.get("02-udp-snat")!.find(({ type }) => type === "CT_NEW")!.hex);

  test("refuses what takes new tables, and goes on as it was", () => {
    dump(1, 2);
    expect(replicator.reconfigure(replicationConfig({ mode: NOTRACK }))).toBe(false);
    expect(replicator.view(at(1)).mode).toBe("ftfw");
    expect(own()).toBe(2);
  });

  test("reads the kernel again after a change of the filter, and keeps what the peer said", () => {
    dump(1, 2, 3);
    hearFlow();
    expect(replicator.wantedDump).toBeUndefined();
    expect(replicator.reconfigure(replicationConfig({ filter: ignoring("10.0.0.2/32") }))).toBe(
      true,
    );
    expect([own(), peers()]).toEqual([3, 1]);
    expect(replicator.wantedDump).toBe("populate");
    dump(1, 2, 3);
    expect([own(), peers()]).toEqual([2, 1]);
    expect(replicator.reconfigure(replicationConfig())).toBe(true);
    dump(1, 2, 3);
    expect(own()).toBe(3);
  });

  test("sends everything from the kernel after a change of the filter, where it keeps nothing", () => {
    const mode = { ...NOTRACK, internalCache: false };
    begin({ mode });
    expect(replicator.wantedDump).toBeUndefined();
    replicator.reconfigure(replicationConfig({ mode, filter: ignoring("10.0.0.2/32") }));
    expect(replicator.wantedDump).toBe("bulk");
  });

  test("commits with the new timeout, and purges after the new one", () => {
    hearFlow();
    replicator.reconfigure(
      replicationConfig({ commitTimeout: seconds(77), purgeTimeout: seconds(5) }),
    );
    const buffer = new DataView(new ArrayBuffer(1 << 16));
    const requests = new FlowRequests(buffer, { liberal: true });
    replicator.handleTakeover("late", at(2));
    expect(replicator.pollKernelWrites(requests, at(2))).toBe(1);
    replicator.settleKernelWrites(at(2));
    const written = Buffer.from(buffer.buffer, 0, requests.size).toString("hex");
    // CTA_TIMEOUT of 77 seconds.
    expect(written).toContain("080007000000004d");
    replicator.handleTakeover("finish", at(3));
    replicator.wake(at(3));
    replicator.handleTakeover("demote", at(10));
    expect(replicator.isToPurge).toBe(true);
    replicator.wake(at(14.9));
    expect(replicator.isToPurge).toBe(true);
    replicator.wake(at(15));
    expect(replicator.isToPurge).toBe(false);
  });

  test("expires the peer's flows after the new time in ALARM", () => {
    begin({ mode: ALARM });
    hearFlow();
    replicator.reconfigure(replicationConfig({ mode: { ...ALARM, cacheTimeout: seconds(2) } }));
    for (let time = 0; time <= 4; time += 0.2) replicator.wake(at(time));
    expect(peers()).toBe(0);
  });

  test("waits to be told of its links anew where they changed, also of more of them", () => {
    const channel = replicationConfig().channels[0]!;
    const out = new DataView(new ArrayBuffer(1500));
    replicator.reconfigure(
      replicationConfig({ channels: [{ ...channel, isDefault: false }, channel] }),
    );
    expect(replicator.channel).toBe(1);
    expect(replicator.pollTransmit(out, 0, at(0))).toBe(0);
    replicator.handleLink(1, 1472);
    replicator.wake(at(0));
    expect(replicator.pollTransmit(out, 0, at(0))).toBeGreaterThan(0);
  });
});
