import { beforeEach, describe, expect, test } from "vitest";
import { ReplicationRole } from "../../../src/daemon/replication-role.ts";
import type { StateLoaded, StateOrder } from "../../../src/daemon/takeover-line.ts";
import { Replicator } from "../../../src/replication/replicator.ts";
import { FlowRequests } from "../../../src/wire/ctnetlink/flow-requests.ts";
import { replicationConfig } from "../../sim/replication-duet.ts";
import { bytes, viewOf } from "../../support/bytes.ts";
import { flowCaptures } from "../../support/flow-captures.ts";
import { at } from "../../support/replication-flows.ts";

let replicator: Replicator;
let role: ReplicationRole;
let answers: StateLoaded[];
let told: string[];

beforeEach(() => {
  const options = { startSequence: 100, seed: 3, peerIsLittleEndian: true };
  replicator = new Replicator({ config: replicationConfig(), ...options }, at(0));
  replicator.beginDump();
  replicator.endDump(true, at(0));
  answers = [];
  told = [];
  role = new ReplicationRole({
    replicator: () => replicator,
    answer: (loaded) => answers.push(loaded),
    loaded: (unit, { committed, kept }) => told.push(`${unit} loaded ${committed}, kept ${kept}`),
    released: (unit) => told.push(`${unit} released`),
  });
  role.begin(at(0));
});

const order = (type: StateOrder["type"], unit: string, time: number): void =>
  role.order({ type, unit }, at(time));
const current = (time = 0): string => replicator.view(at(time)).role;

/** The peer tells of a flow. */
function hearFlow(capture: string): void {
  const { hex } = flowCaptures.get(capture)!.find(({ type }) => type === "CT_NEW")!;
  const datagram = viewOf(bytes(hex));
  replicator.handleDatagram(datagram, datagram.byteLength, 0, at(0));
}

/** Carries out what the kernel is to be told, and returns how many requests it was. */
function write(time: number): number {
  const requests = new FlowRequests(new DataView(new ArrayBuffer(1 << 16)), { liberal: true });
  let count = 0;
  while (replicator.hasKernelWrites) {
    requests.clear();
    count += replicator.pollKernelWrites(requests, at(time));
    replicator.settleKernelWrites(at(time));
  }
  role.proceed(at(time));
  while (replicator.deadline() === at(0)) replicator.wake(at(time));
  return count;
}

describe("the role in replication", () => {
  test("follows the only unit, whose addresses wait until the flows are in the kernel", () => {
    hearFlow("02-udp-snat");
    order("preload-state", "G1", 1);
    order("load-state", "G1", 2);
    expect([current(), answers.length]).toEqual(["backup", 0]);
    expect(write(2.5)).toBe(1);
    expect(answers).toEqual([
      expect.objectContaining({ unit: "G1", took: 500_000, type: "state-loaded" }),
    ]);
    expect(told).toEqual(["G1 loaded 1, kept 0"]);
    expect(current()).toBe("active");
    order("release-state", "G1", 3);
    expect(current()).toBe("backup");
    expect(told.at(-1)).toBe("G1 released");
    expect(replicator.isToPurge).toBe(true);
  });

  test("is active while any unit is, and every unit brings its flows along", () => {
    order("load-state", "A", 1);
    write(1);
    expect(current()).toBe("active");
    hearFlow("02-udp-snat");
    order("preload-state", "B", 2);
    expect(write(2), "also of a further unit").toBe(1);
    order("load-state", "B", 3);
    write(3);
    expect(told).toEqual(["A loaded 0, kept 0", "B loaded 1, kept 0"]);
    const { flows } = replicator.view(at(3));
    expect([flows.internal?.flows, flows.external.flows]).toEqual([1, 0]);
    order("release-state", "A", 4);
    expect(current()).toBe("active");
    expect(replicator.isToPurge).toBe(false);
    order("release-state", "B", 5);
    expect(current()).toBe("backup");
  });

  test("goes on loading for one unit when the peer of another was only late", () => {
    hearFlow("02-udp-snat");
    order("preload-state", "A", 1);
    order("preload-state", "B", 1);
    order("cancel-preload", "A", 1.1);
    expect(replicator.hasKernelWrites, "B is still late").toBe(true);
    order("load-state", "B", 1.2);
    order("cancel-preload", "A", 1.3);
    expect(replicator.hasKernelWrites, "B waits").toBe(true);
    write(1.4);
    expect(answers.map(({ unit }) => unit)).toEqual(["B"]);
  });

  test("stops loading when nobody is late any more", () => {
    hearFlow("02-udp-snat");
    order("preload-state", "A", 1);
    order("cancel-preload", "A", 1.1);
    expect(replicator.hasKernelWrites).toBe(false);
    expect(current()).toBe("backup");
  });

  test("a release of what was not active changes nothing", () => {
    order("release-state", "A", 1);
    expect(told).toEqual([]);
    expect(replicator.isToPurge).toBe(false);
  });
});
