/** Two routers with two dedicated links, each of which replicates; behind alpha a client and a server with real connections. */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { ConntrackTable, lasting, tupleOf } from "./conntrack-table.ts";
import { until } from "./interop-waiting.ts";
import { type TestNamespace, TestNet } from "./netns.ts";
import { Replicator, type ReplicatorKind, type ReplicatorName } from "./replication-peers.ts";

const SETTLED_MS = 30_000;

/** NAT both ways and over both families, marks, labels, and the FTP helper. */
const RULES = `
table inet router {
  ct helper ftp-control { type "ftp" protocol tcp; }
  chain helpers { type filter hook prerouting priority 0; tcp dport 21 ct helper set "ftp-control"; }
  chain marks {
    type filter hook forward priority 0;
    meta l4proto udp ct mark set 0x2a
    meta l4proto udp ct label set 3
  }
  chain arriving { type nat hook prerouting priority -100; tcp dport 8022 dnat ip to 203.0.113.10:8080; }
  chain leaving {
    type nat hook postrouting priority 100;
    ip saddr 192.168.1.0/24 udp dport 5353 oifname "wan" snat ip to 203.0.113.4:7777
    ip saddr 192.168.1.0/24 oifname "wan" snat ip to 203.0.113.4
    ip6 saddr fd00:1::/64 udp dport 53 oifname "wan" snat ip6 to fd00:2::4
  }
}`;

/** Echoes what comes; says "bye" and closes when it hears "quit"; speaks enough FTP to make an expectation. */
const SERVER = `
const net = require("net"), dgram = require("dgram");
const echo = (socket) => {
  socket.on("error", () => {});
  socket.on("data", (data) => (String(data).includes("quit") ? socket.end("bye\\n") : socket.write(data)));
};
for (const port of [21, 80, 8080]) net.createServer(echo).listen(port, "::");
let open = 0;
for (const port of [53, 5353]) for (const type of ["udp4", "udp6"]) {
  const socket = dgram.createSocket({ type, ipv6Only: type === "udp6" });
  socket.on("message", (data, from) => socket.send(data, from.port, from.address));
  socket.bind(port, () => (open += 1) === 4 && console.log("ready"));
}`;

/** Opens conversations; a line "NAME words" on its input is said in one of them, "NAME" alone closes it. */
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
tcp("brief", "203.0.113.10", 80);
tcp("forwarded", "192.168.1.1", 8022);
tcp("web6", "fd00:2::10", 80);
tcp("ftp", "203.0.113.10", 21);
udp("dns", "udp4", "203.0.113.10", 53);
udp("mdns", "udp4", "203.0.113.10", 5353);
udp("dns6", "udp6", "fd00:2::10", 53);
require("readline").createInterface(process.stdin).on("line", (line) => {
  const [name, ...words] = line.split(" ");
  speakers[name](words.join(" "));
});`;

const CONVERSATIONS = ["web", "brief", "forwarded", "web6", "ftp", "dns", "mdns", "dns6"];

const NAMES = ["alpha", "beta"] as const;

/** No flow runs out while a test looks at it, however busy the machine is. */
const LASTING = [
  "icmp_timeout",
  "icmpv6_timeout",
  "udp_timeout",
  "udp_timeout_stream",
  "gre_timeout",
  "tcp_timeout_time_wait",
].map((name) => `net.netfilter.nf_conntrack_${name}=600`);

export class ReplicationSite {
  readonly routers: Readonly<Record<ReplicatorName, TestNamespace>>;
  readonly replicators: Readonly<Record<ReplicatorName, Replicator>>;
  readonly #net = new TestNet();
  readonly #tables: Readonly<Record<ReplicatorName, ConntrackTable>>;
  #client: ChildProcess | undefined;
  readonly #heard = new Set<string>();

  /** `label` is at most 6 letters. */
  constructor(label: string, kinds: Readonly<Record<ReplicatorName, ReplicatorKind>>) {
    this.routers = this.#each((name) => this.#net.namespace(`${label}-${name.slice(0, 1)}`));
    const { alpha, beta } = this.routers;
    for (const [number, device] of ["sync", "sync1"].entries()) {
      this.#net.cable(alpha, device, beta, device);
      alpha.ip(`addr add 10.255.${number}.1/30 dev ${device}`);
      beta.ip(`addr add 10.255.${number}.2/30 dev ${device}`);
    }
    for (const router of [alpha, beta]) {
      router.exec("nft", RULES);
      router.exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
      router.exec("sysctl", "-qw", ...LASTING);
    }
    this.replicators = this.#each((name) => new Replicator(kinds[name], name, this.routers[name]));
    this.#tables = this.#each((name) => new ConntrackTable(this.routers[name]));
    this.#build(label);
  }

  /** Opens a conversation of every kind through alpha. */
  async converse(): Promise<void> {
    const [inside, outside] = [this.#inside, this.#outside];
    const server = outside.spawn(process.execPath, "-e", SERVER);
    let isReady = false;
    server.stdout?.once("data", () => (isReady = true));
    await until(() => isReady, { what: () => "the server listens", ms: SETTLED_MS });
    const client = inside.spawn(process.execPath, "-e", CLIENT);
    this.#client = client;
    if (client.stdout !== null)
      createInterface(client.stdout).on("line", (line) => this.#heard.add(line));
    for (const address of ["203.0.113.10", "fd00:2::10"])
      inside.exec("ping", "-c1", "-W2", address);
    await Promise.all(CONVERSATIONS.map((name) => this.hears(`${name} hello`)));
  }

  /** Says something in a conversation. */
  say(name: string, text: string): void {
    this.#client?.stdin?.write(`${name} ${text}\n`);
  }

  /** Waits for a line of the client: "NAME what was said". */
  async hears(line: string): Promise<void> {
    await until(() => this.#heard.has(line), {
      what: () => `"${line}" is heard; heard: ${[...this.#heard].join("; ")}`,
      ms: SETTLED_MS,
    });
  }

  /** What a router's kernel knows, by tuple, without what two kernels cannot share. */
  kernel(name: ReplicatorName): Record<string, Record<string, string>> {
    const entries = this.#tables[name].read("flows").map((entry) => {
      return [tupleOf(entry), lasting(entry)] as const;
    });
    return Object.fromEntries(entries);
  }

  close(): void {
    for (const name of NAMES) {
      this.#tables[name].close();
      this.replicators[name].close();
    }
    this.#net.close();
  }

  get logs(): string {
    return NAMES.map(
      (name) =>
        `--- ${name}, ${this.replicators[name].kind}\n${this.replicators[name].log.slice(-4_000)}`,
    ).join("\n");
  }

  #inside!: TestNamespace;
  #outside!: TestNamespace;

  #each<T>(make: (name: ReplicatorName) => T): Record<ReplicatorName, T> {
    return { alpha: make("alpha"), beta: make("beta") };
  }

  #build(label: string): void {
    const { alpha } = this.routers;
    this.#inside = this.#net.namespace(`${label}-i`);
    this.#outside = this.#net.namespace(`${label}-o`);
    const [inside, outside] = [this.#inside, this.#outside];
    this.#net.cable(alpha, "lan", inside, "eth0");
    this.#net.cable(alpha, "wan", outside, "eth0");
    for (const address of ["192.168.1.1/24", "fd00:1::1/64"]) addAddress(alpha, "lan", address);
    for (const address of ["203.0.113.1/24", "203.0.113.4/32", "fd00:2::1/64", "fd00:2::4/128"])
      addAddress(alpha, "wan", address);
    for (const address of ["192.168.1.100/24", "fd00:1::100/64"])
      addAddress(inside, "eth0", address);
    for (const address of ["203.0.113.10/24", "fd00:2::10/64"])
      addAddress(outside, "eth0", address);
    inside.ip("route add default via 192.168.1.1");
    inside.ip("-6 route add default via fd00:1::1");
    outside.ip("-6 route add default via fd00:2::1");
  }
}

function addAddress(namespace: TestNamespace, device: string, address: string): void {
  const nodad = address.includes(":") ? ["nodad"] : [];
  namespace.exec("ip", "addr", "add", address, "dev", device, ...nodad);
}
