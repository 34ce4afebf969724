import { beforeEach, describe, expect, test } from "vitest";
import { parsePrefix } from "../../../src/base/ip.ts";
import { instant, seconds, toSeconds } from "../../../src/base/time.ts";
import type { ReplicationConfig } from "../../../src/replication/config.ts";
import { Replicator } from "../../../src/replication/replicator.ts";
import type { ReplicationView } from "../../../src/replication/view.ts";
import { ExpectationRequests } from "../../../src/wire/ctnetlink/expectation-requests.ts";
import { FlowRequests } from "../../../src/wire/ctnetlink/flow-requests.ts";
import { describeExpectation, describeFlow } from "../../../src/wire/flow-text.ts";
import { replicationConfig } from "../../sim/replication-duet.ts";
import { flowOf, kernelAttributes } from "../../sim/replication-flow.ts";
import { bytes, viewOf } from "../../support/bytes.ts";
import { EXPECTATION, flowMessageNames, kernelMessage } from "../../support/ctnetlink-messages.ts";
import { type CapturedMessage, cacheLines, flowCaptures } from "../../support/flow-captures.ts";
import { at, messagesOf } from "../../support/replication-flows.ts";

const NOTRACK: ReplicationConfig["mode"] = {
  type: "notrack",
  internalCache: false,
  externalCache: true,
  startupResync: false,
};

function newReplicator(changes: Partial<ReplicationConfig> = {}): Replicator {
  const replicator = new Replicator(
    { config: replicationConfig(changes), startSequence: 100, seed: 3, peerIsLittleEndian: true },
    at(0),
  );
  replicator.handleLink(0, 1472);
  return replicator;
}

let replicator: Replicator;
beforeEach(() => {
  replicator = newReplicator();
});

const hear = (hex: string, time = 0): void => {
  const datagram = viewOf(bytes(hex));
  replicator.handleDatagram(datagram, datagram.byteLength, 0, at(time));
};
const view = (time = 0): ReplicationView => replicator.view(at(time));

function sent(time: number): string[] {
  const out = new DataView(new ArrayBuffer(1500));
  const lines: string[] = [];
  replicator.wake(at(time));
  for (
    let size = replicator.pollTransmit(out, 0, at(time));
    size > 0;
    size = replicator.pollTransmit(out, 0, at(time))
  )
    lines.push(...messagesOf(out, size));
  return lines;
}

function listed(kind: "flow" | "expectation", cache: "internal" | "external"): string[] {
  const lines: string[] = [];
  const directions = cache === "internal" ? "both" : "original";
  replicator.list(
    { kind, cache, from: 0, count: Infinity },
    (record) =>
      lines.push(kind === "flow" ? describeFlow(record, directions) : describeExpectation(record)),
    at(0),
  );
  return lines.toSorted();
}

/** What the capturing node's peer had, when the listing beside the capture was made: before the flows were deleted. */
function beforeDeletion(messages: readonly CapturedMessage[]): readonly CapturedMessage[] {
  const ofFirst = messages.filter(({ src }) => src.endsWith(".1"));
  const end = ofFirst.findIndex(({ type }) => type === "CT_DEL");
  return end < 0 ? ofFirst : ofFirst.slice(0, end);
}

describe("a replicator beside a conntrackd", () => {
  test.each([
    "02-udp-snat",
    "03-tcp-snat",
    "04-icmp-snat",
    "05-udp6",
    "06-tcp6-snat6",
    "07-icmp6",
    "08-tcp-dnat-dpat",
    "09-udp-dnat",
    "10-udp-spat",
    "11-tcp6-dnat6",
    "12-udp-mark",
    "13-udp-labels",
    "14-udp-zone",
    "16-udp-committimeout",
    "36-tcp-synproxy",
  ])("holds after capture %s what conntrackd -e printed", (name) => {
    for (const { hex } of beforeDeletion(flowCaptures.get(name)!)) hear(hex);
    expect(listed("flow", "external")).toEqual(cacheLines(name, "ext").toSorted());
    expect(view().traffic.faults.malformedPayload).toBe(0);
  });

  test("counts faults by the names of conntrackd, and changes nothing for them", () => {
    for (const hex of [
      "1000 00",
      "1000 0004 00000001",
      "2000 0008 00000001",
      "1600 0008 00000001",
      "1000 0008 00000001",
      "1000 0010 00000002 0005 0063 06000000",
    ])
      hear(hex);
    expect(view().traffic.faults).toEqual({
      truncated: 1,
      badSize: 1,
      wrongVersion: 1,
      malformedHeader: 1,
      malformedPayload: 2,
    });
    expect(view().flows.external.flows).toBe(0);
  });
});

describe("the kernel's side", () => {
  test("wants a dump at the start, and sends nothing before it", () => {
    expect(replicator.wantedDump).toBe("populate");
    replicator.handleFlow("new", kernelAttributes(flowOf(1)), at(0));
    replicator.beginDump();
    replicator.handleFlow("dump", kernelAttributes(flowOf(2)), at(0));
    expect(replicator.wantedDump).toBeUndefined();
    replicator.endDump(true, at(0));
    expect(view().flows.internal).toMatchObject({ flows: 1 });
    expect(view().kernel.resyncs).toBe(1);
    expect(view().lag.messages, "no peer yet").toBe(0);
  });

  test("tries again when a dump was cut short, and removes nothing then", () => {
    replicator.handleFlow("new", kernelAttributes(flowOf(1)), at(0));
    replicator.beginDump();
    replicator.endDump(false, at(0));
    expect(view().flows.internal).toMatchObject({ flows: 1 });
    replicator.wake(at(2));
    expect(replicator.wantedDump).toBe("populate");
  });

  test("wants another one some time after events were lost, and at the interval of polling", () => {
    replicator = newReplicator({ overrunResync: seconds(30), poll: seconds(5) });
    replicator.beginDump();
    replicator.endDump(true, at(0));
    replicator.wake(at(5));
    expect(replicator.wantedDump).toBe("populate");
    replicator = newReplicator({ overrunResync: seconds(30) });
    replicator.beginDump();
    replicator.endDump(true, at(0));
    replicator.handleOverrun(at(1));
    replicator.wake(at(1.4));
    expect(replicator.wantedDump).toBeUndefined();
    expect(replicator.deadline()).toBeLessThanOrEqual(at(1.5));
    replicator.wake(at(1.5));
    expect(replicator.wantedDump).toBe("populate");
    expect(view().kernel.overruns).toBe(1);
  });

  test("takes flows of every kind that the kernel tells of", () => {
    for (const name of flowMessageNames) replicator.handleFlow("new", kernelMessage(name), at(0));
    expect(view().kernel.unreadable).toBe(0);
    expect(listed("flow", "internal").length).toBeGreaterThan(10);
  });

  test("keeps out what the filter keeps out, but hears of the end of everything", () => {
    const ignored = { policy: "ignore", entries: [parsePrefix("10.0.0.0/8")!] } as const;
    replicator = newReplicator({ filter: { ...replicationConfig().filter, addresses: ignored } });
    replicator.handleFlow("new", kernelAttributes(flowOf(1)), at(0));
    replicator.handleFlow("destroy", kernelAttributes(flowOf(1)), at(0));
    expect(view().flows.internal).toMatchObject({ flows: 0, created: 0 });
    expect(view().kernel.filtered).toBe(1);
  });

  test("counts what has no tuple", () => {
    const attributes = kernelAttributes(flowOf(1));
    attributes.size = 0;
    replicator.handleFlow("new", attributes, at(0));
    expect(view().kernel.unreadable).toBe(1);
  });

  test("replicates expectations only where that is configured", () => {
    replicator.handleExpectation("new", kernelMessage(EXPECTATION), at(0));
    expect(view().expectations).toBeUndefined();
    replicator = newReplicator({ expectations: true });
    replicator.handleExpectation("new", kernelMessage(EXPECTATION), at(0));
    expect(view().expectations?.internal).toMatchObject({ flows: 1 });
    replicator = newReplicator({ expectations: ["sip"] });
    replicator.handleExpectation("new", kernelMessage(EXPECTATION), at(0));
    expect(view().expectations?.internal).toMatchObject({ flows: 0 });
  });

  test("commits expectations after their masters", () => {
    replicator = newReplicator({ expectations: true });
    const messages = flowCaptures.get("18-ftp-active")!.filter(({ src }) => src.endsWith(".1"));
    const end = messages.findIndex(({ type }) => type === "EXP_DEL");
    for (const { hex } of messages.slice(0, end)) hear(hex);
    expect(listed("expectation", "external")).toHaveLength(1);
    const buffer = new DataView(new ArrayBuffer(1 << 16));
    const [flows, expectations] = [
      new FlowRequests(buffer, { liberal: true }),
      new ExpectationRequests(buffer),
    ];
    replicator.handleTakeover("late", at(0));
    expect(replicator.pollExpectationWrites(expectations, at(0))).toBe(0);
    expect(replicator.pollKernelWrites(flows, at(0))).toBeGreaterThan(0);
    replicator.settleKernelWrites(at(0));
    expect(replicator.pollExpectationWrites(expectations, at(0))).toBe(1);
    replicator.settleExpectationWrites(at(0));
    expect(replicator.isLoaded).toBe(true);
  });
});

describe("a listing", () => {
  const ALARM: ReplicationConfig["mode"] = {
    type: "alarm",
    refreshTime: seconds(60),
    cacheTimeout: seconds(180),
  };
  /** Age and time left of every entry, in seconds. */
  const times = (cache: "internal" | "external", time: number): [number, number | undefined][] => {
    const found: [number, number | undefined][] = [];
    replicator.list(
      { kind: "flow", cache, from: 0, count: Infinity },
      (_record, age, expires) =>
        found.push([
          Math.round(toSeconds(age)),
          expires === undefined ? undefined : Math.round(toSeconds(expires)),
        ]),
      at(time),
    );
    return found;
  };
  const { hex } = flowCaptures.get("02-udp-snat")!.find(({ type }) => type === "CT_NEW")!;

  test("tells when what the peer said expires in ALARM, and of nothing else", () => {
    replicator = newReplicator({ mode: ALARM });
    hear(hex, 0);
    replicator.handleFlow("new", kernelAttributes(flowOf(1)), at(0));
    expect(times("external", 70)).toEqual([[70, 110]]);
    expect(times("external", 500)).toEqual([[500, 0]]);
    expect(times("internal", 70)).toEqual([[70, undefined]]);
    hear(hex, 70);
    expect(times("external", 80)).toEqual([[80, 170]]);
    replicator = newReplicator();
    hear(hex, 0);
    expect(times("external", 70)).toEqual([[70, undefined]]);
  });
});

describe("without an internal cache", () => {
  test("sends the kernel's news as they are", () => {
    replicator = newReplicator({ mode: NOTRACK });
    expect(replicator.wantedDump).toBeUndefined();
    for (const news of ["new", "update", "destroy"] as const)
      replicator.handleFlow(news, kernelAttributes(flowOf(1)), at(0));
    expect(sent(0).map((line) => line.split(" ")[1])).toEqual(["NEW", "UPD", "DEL"]);
    expect(view().flows.internal).toBeUndefined();
  });

  test("answers a request for everything by a dump of the kernel", () => {
    replicator = newReplicator({ mode: NOTRACK });
    hear("1a02 0010 00000005 00000000 00000000");
    expect(replicator.wantedDump).toBe("bulk");
    replicator.beginDump();
    replicator.handleFlow("dump", kernelAttributes(flowOf(1)), at(0));
    replicator.endDump(true, at(0));
    expect(sent(0).some((line) => line.includes("NEW"))).toBe(true);
    expect(replicator.wantedDump).toBeUndefined();
  });

  test("does not tell the peer that its own flows expired here", () => {
    replicator = newReplicator({ mode: NOTRACK });
    const { hex } = flowCaptures.get("02-udp-snat")!.find(({ type }) => type === "CT_NEW")!;
    hear(hex);
    const requests = new FlowRequests(new DataView(new ArrayBuffer(1 << 16)), { liberal: true });
    replicator.handleTakeover("late", at(0));
    replicator.pollKernelWrites(requests, at(0));
    replicator.settleKernelWrites(at(0));
    replicator.handleTakeover("relax", at(0));
    sent(0);
    replicator.handleFlow(
      "destroy",
      kernelAttributes({
        ...flowOf(1),
        protocol: 17,
        source: 0xc0a80164,
        destination: 0xcb00710a,
        ports: ((40001 << 16) >>> 0) | 5354,
      }),
      at(0),
    );
    expect(sent(0)).toEqual([]);
  });

  test("deletes flows of the kernel by way of a dump", () => {
    replicator = newReplicator({ mode: NOTRACK });
    replicator.flushKernel();
    expect(replicator.wantedDump).toBe("flush");
    replicator.beginDump();
    for (const number of [1, 2, 3])
      replicator.handleFlow("dump", kernelAttributes(flowOf(number)), at(0));
    replicator.endDump(true, at(0));
    expect(sent(0)).toEqual([]);
    expect(replicator.hasKernelWrites).toBe(true);
    const requests = new FlowRequests(new DataView(new ArrayBuffer(1 << 16)), { liberal: true });
    expect(replicator.pollKernelWrites(requests, at(0))).toBe(3);
    replicator.settleKernelWrites(at(0));
    expect(replicator.pollKernelWrites(requests, at(0))).toBe(0);
    replicator.settleKernelWrites(at(0));
    expect(replicator.hasKernelWrites).toBe(false);
  });
});

describe("links", () => {
  const channel = replicationConfig().channels[0]!;

  test("sends on the default one, and on another one while that is down", () => {
    replicator = newReplicator({ channels: [{ ...channel, isDefault: false }, channel] });
    expect(replicator.channel).toBe(0);
    replicator = newReplicator({ channels: [{ ...channel, isDefault: false }, channel] });
    replicator.handleLink(1, 1472);
    replicator.handleLink(0, undefined);
    expect(replicator.channel).toBe(1);
    replicator.handleLink(1, undefined);
    expect(sent(1), "nothing is sent on a link that is down").toEqual([]);
    replicator.handleLink(0, 1472);
    expect(replicator.channel).toBe(0);
  });

  test("follows the peer to the link that it speaks on", () => {
    replicator = newReplicator({ channels: [channel, { ...channel, isDefault: false }] });
    replicator.handleLink(1, 1472);
    const datagram = viewOf(bytes("1a10 0008 00000005"));
    replicator.handleDatagram(datagram, 8, 1, at(0));
    expect(replicator.channel).toBe(1);
    expect(view().channelSwitches).toBe(1);
  });
});

describe("readiness", () => {
  test("is told step by step: nobody, silence, and a conntrackd that was asked for everything", () => {
    expect(view()).toMatchObject({
      peer: { state: "never-heard" },
      certainty: "none",
      isSynchronised: false,
    });
    sent(0);
    hear("1a68 0010 00000005 00000064 00000064");
    expect(view()).toMatchObject({ peer: { state: "greeting" }, certainty: "partial" });
    sent(0);
    hear("1a10 0008 00000006", 0.1);
    expect(sent(0.1).some((line) => line.includes("RESYNC"))).toBe(true);
    expect(view(1)).toMatchObject({
      peer: { state: "connected", isDuet: false },
      certainty: "partial",
    });
    hear("1a10 0008 00000007", 5.2);
    expect(view(5.3)).toMatchObject({ certainty: "assumed", isSynchronised: true });
    expect(view(60)).toMatchObject({ peer: { state: "silent" }, isSynchronised: false });
  });

  test("has a deadline at all times, and minds no wake that comes early", () => {
    for (let time = 0; time < 30; time += 0.25) {
      expect(replicator.deadline()).toBeLessThanOrEqual(at(time + 1));
      replicator.wake(instant(at(time) - 1));
    }
  });

  test("flushes caches without a word to anybody", () => {
    replicator.handleFlow("new", kernelAttributes(flowOf(1)), at(0));
    hear(flowCaptures.get("02-udp-snat")!.find(({ type }) => type === "CT_NEW")!.hex);
    replicator.flush("internal");
    expect([view().flows.internal?.flows, view().flows.external.flows]).toEqual([0, 1]);
    replicator.flush("external");
    expect(view().flows.external.flows).toBe(0);
  });
});
