import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Span } from "../../src/wire/flow-record.ts";
import {
  ConntrackTable,
  lasting,
  type TableEntry,
  timeoutOf,
  tupleOf,
} from "../support/conntrack-table.ts";
import { isRoot, type TestNamespace, TestNet } from "../support/netns.ts";

const ASSURED = "SEEN_REPLY,ASSURED";
const V4 = "-s 192.168.1.50 -d 203.0.113.20";
const V6 = "-s fd00:1::50 -d fd00:2::20";

/** Entries of every kind that conntrack(8) can make. */
const KINDS: Readonly<Record<string, string>> = {
  "TCP, established": `-p tcp ${V4} --sport 1001 --dport 80 --state ESTABLISHED -u ${ASSURED} -t 1000`,
  "TCP with translated source and port": `-p tcp ${V4} --sport 1002 --dport 80 --state SYN_SENT -t 1000 --src-nat 198.51.100.1:5555`,
  "TCP with translated destination and port": `-p tcp ${V4} --sport 1003 --dport 80 --state TIME_WAIT -u ${ASSURED} -t 1000 --dst-nat 10.0.0.9:8080`,
  "TCP with translated source and destination": `-p tcp ${V4} --sport 1004 --dport 80 --state CLOSE_WAIT -t 1000 -u SEEN_REPLY --src-nat 198.51.100.1 --dst-nat 10.0.0.9`,
  "UDP with a mark": `-p udp ${V4} --sport 1005 --dport 53 -t 1000 -m 0xdeadbeef`,
  "UDP in a zone": `-p udp ${V4} --sport 1006 --dport 53 -t 1000 -w 5`,
  "UDP of a fixed timeout": `-p udp ${V4} --sport 1007 --dport 53 -t 1000 -u SEEN_REPLY,FIXED_TIMEOUT`,
  "UDP over IPv6": `-p udp ${V6} --sport 1008 --dport 53 -t 1000`,
  "TCP over IPv6 with translated source": `-p tcp ${V6} --sport 1009 --dport 53 -t 1000 --state ESTABLISHED --src-nat fd00:2::4`,
  "TCP over IPv6 with translated destination": `-p tcp ${V6} --sport 1010 --dport 53 -t 1000 --state ESTABLISHED --dst-nat fd00:1::99`,
  "ICMP echo": `-p icmp ${V4} --icmp-type 8 --icmp-code 0 --icmp-id 4660 -t 1000`,
  "ICMP timestamp with translated source": `-p icmp ${V4} --icmp-type 13 --icmp-code 0 --icmp-id 4661 -t 1000 --src-nat 198.51.100.1`,
  "ICMPv6 echo": `-p icmpv6 ${V6} --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 4662 -t 1000`,
  SCTP: `-p sctp ${V4} --sport 3868 --dport 3869 -t 1000 --state ESTABLISHED --orig-vtag 287454020 --reply-vtag 1432778632`,
  "GRE of version 0": `-p gre ${V4} --srckey 0 --dstkey 0 -t 1000`,
  "UDP-Lite": `-p udplite ${V4} --sport 1111 --dport 2222 -t 1000`,
  "another protocol": `-p 50 ${V4} -t 1000`,
  "another protocol with translated source": `-p 51 ${V4} -t 1000 --src-nat 198.51.100.1`,
};

describe.skipIf(!isRoot)("flows made with conntrack(8)", () => {
  let net: TestNet;
  let router: TestNamespace;
  let table: ConntrackTable;

  beforeAll(() => {
    net = new TestNet();
    router = net.namespace("ct");
    table = new ConntrackTable(router);
  });
  afterAll(() => {
    table?.close();
    net.close();
  });

  afterEach(() => {
    router.exec("conntrack", "-F");
  });

  function only(): TableEntry {
    const entries = table.read("flows");
    expect(entries).toHaveLength(1);
    return entries[0]!;
  }

  function recreate(flow: Span): void {
    expect(table.apply([flow], (record) => table.flows.delete(record, 0))).toEqual([]);
    expect(table.read("flows")).toEqual([]);
    expect(table.apply([flow], (record) => table.flows.create(record, 777, 0))).toEqual([]);
  }

  test.each(Object.entries(KINDS))("%s: the record of it makes the same flow", (_kind, options) => {
    router.exec("conntrack", "-I", ...options.split(" "));
    const before = only();
    recreate(before.record);
    const after = only();
    expect(lasting(after)).toEqual(lasting(before));
    expect(timeoutOf(after)).toBeGreaterThan(750);
    expect(timeoutOf(after)).toBeLessThanOrEqual(777);
    expect(tupleOf(after)).toBe(tupleOf(before));
  });
});
