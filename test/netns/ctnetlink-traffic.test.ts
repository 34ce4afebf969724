import { type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FLOW } from "../../src/wire/flow-attributes.ts";
import { RecordFields } from "../../src/wire/flow-fields.ts";
import { STATUS } from "../../src/wire/flow-numbers.ts";
import { isRelated, type Span } from "../../src/wire/flow-record.ts";
import { ConntrackTable, lasting, type TableEntry, tupleOf } from "../support/conntrack-table.ts";
import { isRoot, type TestNamespace, TestNet } from "../support/netns.ts";

/** NAT both ways and over both families, marks, labels, and the FTP helper. */
const RULES = `
table inet router {
  ct helper ftp-control { type "ftp" protocol tcp; }
  chain helpers { type filter hook prerouting priority 0; tcp dport 21 ct helper set "ftp-control"; }
  chain marks {
    type filter hook forward priority 0;
    meta l4proto udp ct mark set 0x2a
    meta l4proto udp ct label set 3
    tcp dport 8080 ct label set 69
  }
  chain arriving { type nat hook prerouting priority -100; tcp dport 8022 dnat ip to 203.0.113.10:8080; }
  chain leaving {
    type nat hook postrouting priority 100;
    ip saddr 192.168.1.0/24 udp dport 5353 oifname "wan" snat ip to 203.0.113.4:7777
    ip saddr 192.168.1.0/24 oifname "wan" snat ip to 203.0.113.4
    ip6 saddr fd00:1::/64 udp dport 53 oifname "wan" snat ip6 to fd00:2::4
  }
}`;

/** Echoes what comes, and opens the data connection that an FTP client asked for. */
const SERVER = `
const net = require("net"), dgram = require("dgram");
const echo = (socket) => { socket.on("error", () => {}); socket.on("data", (data) => socket.write(data)); };
const ftp = (socket) => {
  let port;
  socket.on("error", () => {});
  socket.on("data", (data) => {
    const words = /PORT ([0-9]+),([0-9]+),([0-9]+),([0-9]+),([0-9]+),([0-9]+)/.exec(data);
    if (words) port = { host: words.slice(1, 5).join("."), port: words[5] * 256 + +words[6], localPort: 20 };
    if (String(data).includes("RETR")) echo(net.connect(port));
    socket.write("200 " + String(data).split("\\r")[0] + "\\r\\n");
  });
};
for (const port of [80, 8080]) net.createServer(echo).listen(port, "::");
net.createServer(ftp).listen(21, "::", () => console.log("ready"));
for (const port of [53, 5353]) for (const type of ["udp4", "udp6"]) {
  const socket = dgram.createSocket({ type, ipv6Only: type === "udp6" });
  socket.on("message", (data, from) => socket.send(data, from.port, from.address));
  socket.bind(port);
}`;

/** Opens conversations, and speaks in each when it is told to. Prints every answer as a line. */
const CLIENT = `
const net = require("net"), dgram = require("dgram");
const speakers = {};
const tcp = (name, host, port) => {
  const socket = net.connect(port, host, () => socket.write("hello\\r\\n"));
  socket.on("data", (data) => console.log(name, String(data).trim()));
  socket.on("error", (error) => console.log(name, error.code));
  speakers[name] = (text) => socket.write(text + "\\r\\n");
};
const udp = (name, type, host, port) => {
  const socket = dgram.createSocket(type);
  socket.on("message", (data) => console.log(name, String(data)));
  speakers[name] = (text) => socket.send(text, port, host);
  speakers[name]("hello");
};
tcp("web", "203.0.113.10", 80);
tcp("forwarded", "192.168.1.1", 8022);
tcp("web6", "fd00:2::10", 80);
tcp("ftp", "203.0.113.10", 21);
udp("dns", "udp4", "203.0.113.10", 53);
udp("mdns", "udp4", "203.0.113.10", 5353);
udp("dns6", "udp6", "fd00:2::10", 53);
net.createServer((socket) => {
  socket.on("data", (data) => console.log("data", String(data).trim()));
  speakers.data = (text) => socket.write(text);
  socket.write("hello");
}).listen(51201, "192.168.1.100");
require("readline").createInterface(process.stdin).on("line", (line) => {
  const [name, ...words] = line.split(" ");
  speakers[name](words.join(" "));
});`;

/** The client's conversations with an echo. */
const ECHOES = ["web", "forwarded", "web6", "dns", "mdns", "dns6"];

describe.skipIf(!isRoot)("flows of real traffic", () => {
  let net: TestNet;
  let router: TestNamespace;
  let client: ChildProcess;
  let table: ConntrackTable;
  const heard = new Set<string>();
  const answered = (line: string): Promise<void> =>
    vi.waitFor(() => expect([...heard]).toContain(line), { timeout: 30_000, interval: 10 });
  const allAnswered = async (text: string): Promise<unknown> =>
    Promise.all(ECHOES.map((name) => answered(`${name} ${text}`)));
  const say = (name: string, text: string): void => void client.stdin!.write(`${name} ${text}\n`);

  beforeAll(async () => {
    net = new TestNet();
    router = net.namespace("rt");
    const inside = net.namespace("in");
    const outside = net.namespace("out");
    net.cable(router, "lan", inside, "eth0");
    net.cable(router, "wan", outside, "eth0");
    for (const address of ["192.168.1.1/24", "fd00:1::1/64"]) addAddress(router, "lan", address);
    for (const address of ["203.0.113.1/24", "203.0.113.4/32", "fd00:2::1/64", "fd00:2::4/128"])
      addAddress(router, "wan", address);
    for (const address of ["192.168.1.100/24", "fd00:1::100/64"])
      addAddress(inside, "eth0", address);
    for (const address of ["203.0.113.10/24", "fd00:2::10/64"])
      addAddress(outside, "eth0", address);
    inside.ip("route add default via 192.168.1.1");
    inside.ip("-6 route add default via fd00:1::1");
    outside.ip("-6 route add default via fd00:2::1");
    router.exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    router.exec("nft", RULES);
    const server = outside.spawn(process.execPath, "-e", SERVER);
    await new Promise((resolve, reject) => {
      server.stdout!.once("data", resolve);
      server.stderr!.once("data", (text: Buffer) => reject(new Error(String(text))));
    });
    client = inside.spawn(process.execPath, "-e", CLIENT);
    createInterface(client.stdout!).on("line", (line) => heard.add(line));
    inside.exec("ping", "-c1", "-W2", "203.0.113.10");
    inside.exec("ping", "-c1", "-W2", "fd00:2::10");
    await allAnswered("hello");
    await answered("ftp 200 hello");
    table = new ConntrackTable(router);
  });
  afterAll(() => {
    table?.close();
    net.close();
  });

  /** Deletes all flows and makes them again from their records, masters first. */
  function replaceAll(entries: readonly TableEntry[]): void {
    const flows = entries.map(({ record }) => record);
    expect(table.apply(flows, (flow) => table.flows.delete(flow, 0))).toEqual([]);
    const inOrder = flows.toSorted((a, b) => Number(isRelated(a)) - Number(isRelated(b)));
    expect(table.apply(inOrder, (flow) => table.flows.create(flow, 60, 0))).toEqual([]);
  }

  const byTuple = (entries: readonly TableEntry[]): Record<string, unknown> =>
    Object.fromEntries(entries.map((entry) => [tupleOf(entry), lasting(entry)]));

  const fieldsOf = (flow: Span): RecordFields => {
    const fields = new RecordFields();
    fields.load(flow);
    return fields;
  };

  const having = (entries: readonly TableEntry[], attribute: number): number =>
    entries.filter(({ record }) => fieldsOf(record).has(attribute)).length;

  test("come back as they were, and the conversations go on", async () => {
    const before = table.read("flows");
    expect(having(before, FLOW.snatIpv4)).toBeGreaterThanOrEqual(4);
    expect(having(before, FLOW.snatPort)).toBe(1);
    expect(having(before, FLOW.dnatPort)).toBe(1);
    expect(having(before, FLOW.snatIpv6)).toBe(1);
    expect(having(before, FLOW.labels)).toBe(4);
    expect(having(before, FLOW.mark)).toBe(before.length);
    expect(having(before, FLOW.helper)).toBe(1);
    replaceAll(before);
    expect(byTuple(table.read("flows"))).toEqual(byTuple(before));
    for (const name of ECHOES) say(name, "again");
    say("ftp", "again");
    await allAnswered("again");
    await answered("ftp 200 again");
    // None was taken for a new one.
    expect(table.read("flows").map(tupleOf).toSorted()).toEqual(before.map(tupleOf).toSorted());
  });

  test("a flow without translation keeps the bits that say so", () => {
    const plain = table.read("flows").filter(({ record }) => {
      const fields = fieldsOf(record);
      return !fields.has(FLOW.snatIpv4) && !fields.has(FLOW.snatIpv6) && !fields.has(FLOW.dnatIpv4);
    });
    expect(plain.length).toBeGreaterThan(0);
    for (const { record } of plain)
      expect(fieldsOf(record).uint32(FLOW.status) & STATUS.sourceNatDone).not.toBe(0);
  });

  test("an expectation comes back behind its master, whose numbers stay adjusted", async () => {
    say("ftp", "PORT 192,168,1,100,200,1");
    await answered("ftp 200 PORT 203,0,113,4,200,1");
    const flows = table.read("flows");
    const expectations = table.read("expectations");
    expect(having(flows, FLOW.sequenceAdjustment)).toBe(1);
    expect(expectations).toHaveLength(1);
    replaceAll(flows);
    expect(byTuple(table.read("flows"))).toEqual(byTuple(flows));
    expect(table.read("expectations")).toEqual([]);
    const [{ record, said }] = expectations as [TableEntry];
    expect(table.apply([record], (it) => table.expectations.create(it, 100, 0))).toEqual([]);
    const [after] = table.read("expectations");
    expect(withoutOwn(after!.said)).toEqual(withoutOwn(said));
    expect(table.apply([record], (it) => table.expectations.delete(it, 0))).toEqual([]);
    expect(table.read("expectations")).toEqual([]);
    expect(table.apply([record], (it) => table.expectations.create(it, 100, 0))).toEqual([]);
  });

  test("a flow that was expected comes back as one of its master", async () => {
    say("ftp", "RETR file");
    await answered("data hello");
    await answered("ftp 200 RETR file");
    const before = table.read("flows");
    expect(before.filter(({ record }) => isRelated(record))).toHaveLength(1);
    replaceAll(before);
    expect(byTuple(table.read("flows"))).toEqual(byTuple(before));
    say("data", "more");
    await answered("data more");
    say("ftp", "after");
    await answered("ftp 200 after");
  });

  test("an update changes an existing flow, and one that lacks a bit is refused", () => {
    const before = table.read("flows");
    const flows = before.map(({ record }) => record);
    expect(table.apply(flows, (flow) => table.flows.update(flow, 15, 0))).toEqual([]);
    for (const { said } of table.read("flows")) expect(said.get("7")).toMatch(/^0000000[0-9a-f]$/);
    expect(byTuple(table.read("flows"))).toEqual(byTuple(before));
    const fields = fieldsOf(flows[0]!);
    fields.view.setUint32(fields.at(FLOW.status), STATUS.confirmed);
    expect(table.apply([flows[0]!], (flow) => table.flows.update(flow, 5, 0))).toHaveLength(1);
  });
});

function addAddress(namespace: TestNamespace, name: string, address: string): void {
  namespace.ip(`addr add ${address} dev ${name}${address.includes(":") ? " nodad" : ""}`);
}

/** CTA_EXPECT_TIMEOUT and CTA_EXPECT_ID. */
const withoutOwn = (said: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...said].filter(([path]) => path !== "4" && path !== "5"));
