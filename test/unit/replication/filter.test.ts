import { describe, expect, test } from "vitest";
import { parsePrefix } from "../../../src/base/ip.ts";
import type { FilterConfig } from "../../../src/replication/config.ts";
import { ExpectationFilter } from "../../../src/replication/expectation-filter.ts";
import { FlowFilter } from "../../../src/replication/filter.ts";
import { EXPECT, FLOW } from "../../../src/wire/flow-attributes.ts";
import { attribute, body } from "../../support/record-bytes.ts";
import { flowRecord } from "../../support/replication-flows.ts";

const filter = (config: Partial<FilterConfig>): FlowFilter =>
  new FlowFilter({
    place: "userspace",
    protocols: undefined,
    addresses: undefined,
    tcpStates: undefined,
    ...config,
  });
const addresses = (policy: "accept" | "ignore", ...texts: string[]): FlowFilter =>
  filter({ addresses: { policy, entries: texts.map((text) => parsePrefix(text)!) } });

/** From 2001:db8::1 to 2001:db8::2. */
const FLOW6 = body(
  attribute(FLOW.ipv6, "20010db8000000000000000000000001 20010db8000000000000000000000002"),
  attribute(FLOW.protocol, "11"),
);

describe("a filter of flows", () => {
  test("lets everything pass when nothing is configured", () => {
    expect(filter({}).passes(flowRecord(1))).toBe(true);
    expect(filter({}).passes(FLOW6)).toBe(true);
  });

  test("accepts or ignores protocols", () => {
    expect(filter({ protocols: { policy: "accept", entries: [17] } }).passes(flowRecord(1))).toBe(
      false,
    );
    expect(
      filter({ protocols: { policy: "accept", entries: [6, 17] } }).passes(flowRecord(1)),
    ).toBe(true);
    expect(filter({ protocols: { policy: "ignore", entries: [6] } }).passes(flowRecord(1))).toBe(
      false,
    );
  });

  test("judges TCP by its state, and nothing else by it", () => {
    const established = filter({ tcpStates: { policy: "accept", entries: [3] } });
    expect(established.passes(flowRecord(1, { state: 3 }))).toBe(true);
    expect(established.passes(flowRecord(1, { state: 1 }))).toBe(false);
    expect(established.passes(FLOW6)).toBe(true);
  });

  test.each([
    ["10.0.0.1", false],
    ["10.0.0.2", true],
    ["10.0.0.0/24", false],
    ["10.0.1.0/24", true],
    ["0.0.0.0/0", false],
    ["10.1.0.1", false],
    ["10.1.0.0/31", false],
    ["2001:db8::/32", true],
  ])("ignores 10.0.0.1 to 10.1.0.1 by %s: passes %s", (prefix, passes) => {
    expect(addresses("ignore", prefix).passes(flowRecord(1))).toBe(passes);
    expect(addresses("accept", prefix).passes(flowRecord(1))).toBe(!passes);
  });

  test.each([
    ["2001:db8::1", false],
    ["2001:db8::2", false],
    ["2001:db8::3", true],
    ["2001:db8::/126", false],
    ["2001:db8::4/126", true],
    ["::/0", false],
    ["0.0.0.0/0", true],
  ])("ignores 2001:db8::1 to 2001:db8::2 by %s: passes %s", (prefix, passes) => {
    expect(addresses("ignore", prefix).passes(FLOW6)).toBe(passes);
  });

  test("compares the real destination, not the one that is translated", () => {
    const translated = body(
      attribute(FLOW.ipv4, "c0000201 cb007101"),
      attribute(FLOW.protocol, "06"),
      attribute(FLOW.ports, "03e80050"),
      attribute(FLOW.dnatIpv4, "c0a80164"),
    );
    expect(addresses("ignore", "192.168.1.100").passes(translated)).toBe(false);
    expect(addresses("ignore", "203.0.113.1").passes(translated)).toBe(true);
  });
});

describe("a filter of expectations", () => {
  const expecting = (name: string): ReturnType<typeof body> =>
    body(
      attribute(EXPECT.flags, "00000000"),
      attribute(EXPECT.helper, `${Buffer.from(name).toString("hex")}00`),
    );

  test("lets all helpers pass, or those whose names begin as listed", () => {
    expect(new ExpectationFilter(true).passes(expecting("ftp"))).toBe(true);
    const some = new ExpectationFilter(["FTP", "q.931"]);
    expect(some.passes(expecting("ftp"))).toBe(true);
    expect(some.passes(expecting("ftp-2121"))).toBe(true);
    expect(some.passes(expecting("Q.931"))).toBe(true);
    expect(some.passes(expecting("sip"))).toBe(false);
    expect(some.passes(body(attribute(EXPECT.flags, "00000000")))).toBe(false);
  });
});
