/**
 * Conversations of every kind between the lab's client and its upstream, each of which is asked again and again whether it
 * is still alive: it is when it has brought fresh bytes lately, over the connection that it began with.
 */
import type { ChildProcess } from "node:child_process";
import { eachLine, spawnInside } from "../../src/lab/child.ts";
import { namespaceName, SERVICE_ADDRESS } from "../../src/lab/topology.ts";
import { until } from "./interop-waiting.ts";

/** The upstream's address on the WAN: routers reach it without a route. */
const SERVICE_V6 = "2001:db8:2::1";
const TICK_MS = 50;
const READY_MS = 20_000;

/** Ports: 7101 sends without end, 7102 takes without end, 7103 echoes; UDP 7104 sends, 7105 takes. */
const SERVER = `
const net = require("net"), dgram = require("dgram");
const tick = ${TICK_MS};
const takers = new Map();
const took = (key) => takers.set(key, Date.now());
const listen = (port, serve) => net.createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  serve(socket);
}).listen(port, "::");
listen(7101, (socket) => {
  const timer = setInterval(() => socket.write("x".repeat(64)), tick);
  socket.on("close", () => clearInterval(timer));
  socket.resume();
});
listen(7102, (socket) => {
  const key = "tcp " + socket.remotePort;
  socket.on("data", () => took(key));
});
listen(7103, (socket) => socket.on("data", (data) => socket.write(data)));
const streams = dgram.createSocket("udp4");
const readers = new Map();
streams.on("message", (_, { port, address }) => readers.set(port, address));
streams.bind(7104, process.argv[1]);
setInterval(() => readers.forEach((address, port) => streams.send("y", port, address, () => {})), tick);
const sink = dgram.createSocket("udp4");
sink.on("message", (_, { port }) => took("udp " + port));
sink.bind(7105, () => console.log(JSON.stringify({ ready: true })));
setInterval(() => {
  const now = Date.now();
  const ages = Object.fromEntries([...takers].map(([key, at]) => [key, now - at]));
  console.log(JSON.stringify({ ages }));
}, 100);`;

const CLIENT = `
const net = require("net"), dgram = require("dgram");
const tick = ${TICK_MS};
const [host, host6, plan] = [process.argv[1], process.argv[2], JSON.parse(process.argv[3])];
const heard = new Map(), ended = {};
const hear = (name) => heard.set(name, Date.now());
const end = (name, reason) => (ended[name] ??= reason);
const idle = [];
const tcp = (name, to, port, begin) => {
  const socket = net.connect({ port, host: to, noDelay: true }, () => { hear(name); begin?.(socket); });
  socket.on("data", () => hear(name));
  socket.on("error", (error) => end(name, error.code));
  socket.on("close", () => end(name, "closed"));
  return socket;
};
const many = (count, make) => Array.from({ length: count }, (_, index) => make(index));
many(plan.downloads, (n) => tcp("download " + n, host, 7101));
many(plan.downloads6, (n) => tcp("download over IPv6 " + n, host6, 7101));
many(plan.uploads, (n) => tcp("upload " + n, host, 7102, (socket) => {
  setInterval(() => socket.writableLength < 65536 && socket.write("z".repeat(64)), tick);
}));
many(plan.idle, (n) => idle.push([ "idle " + n, tcp("idle " + n, host, 7103, (socket) => socket.write("login")) ]));
many(plan.idle6, (n) => idle.push([ "idle over IPv6 " + n, tcp("idle over IPv6 " + n, host6, 7103, (socket) => socket.write("login")) ]));
many(plan.streamsDown, (n) => {
  const socket = dgram.createSocket("udp4");
  socket.on("message", () => hear("stream down " + n));
  socket.bind(0, () => socket.send("begin", 7104, host));
  // A receiver says from time to time that it is still there, as every such protocol does.
  setInterval(() => socket.send("more", 7104, host, () => {}), 10_000);
});
many(plan.streamsUp, () => {
  const socket = dgram.createSocket("udp4");
  setInterval(() => socket.send("up", 7105, host, () => {}), tick);
});
process.stdin.on("data", () => { for (const [name, socket] of idle) { heard.delete(name); socket.write("ls"); } });
setInterval(() => {
  const now = Date.now();
  const ages = Object.fromEntries([...heard].map(([name, at]) => [name, now - at]));
  console.log(JSON.stringify({ ages, ended }));
}, 100);`;

export interface SessionPlan {
  readonly downloads: number;
  readonly downloads6: number;
  readonly uploads: number;
  readonly idle: number;
  readonly idle6: number;
  readonly streamsDown: number;
  readonly streamsUp: number;
}

interface Report {
  readonly ready?: boolean;
  /** Milliseconds since each session last brought something. */
  readonly ages?: Readonly<Record<string, number>>;
  readonly ended?: Readonly<Record<string, string>>;
}

export class Sessions {
  readonly #plan: SessionPlan;
  readonly #children: ChildProcess[] = [];
  #client: ChildProcess | undefined;
  #atClient: Report = {};
  #atServer: Report = {};
  #pinged = 0;

  private constructor(plan: SessionPlan) {
    this.#plan = plan;
  }

  /** Opens all sessions through the lab's pair; resolves when all of them are alive. */
  static async open(lab: string, plan: SessionPlan): Promise<Sessions> {
    const sessions = new Sessions(plan);
    const server = sessions.#spawn(
      namespaceName(lab, "upstream"),
      ["-e", SERVER, SERVICE_ADDRESS],
      (report) => {
        sessions.#atServer = { ...sessions.#atServer, ...report };
      },
    );
    await until(() => sessions.#atServer.ready === true || server.exitCode !== null, {
      what: () => "the upstream serves",
      ms: READY_MS,
    });
    const client = namespaceName(lab, "client");
    const words = ["-e", CLIENT, SERVICE_ADDRESS, SERVICE_V6, JSON.stringify(plan)];
    sessions.#client = sessions.#spawn(client, words, (report) => {
      sessions.#atClient = report;
    });
    sessions.#ping(client);
    await sessions.areAlive();
    return sessions;
  }

  /** Waits until every session brings fresh bytes; throws with those that do not. The idle ones are made to speak. */
  async areAlive(ms: number = READY_MS): Promise<void> {
    this.#client?.stdin?.write("speak\n");
    await until(() => this.#lost(1_000).length === 0, {
      what: () => `these sessions go on: ${this.#lost(1_000).slice(0, 20).join("; ")}`,
      ms,
      every: 100,
    });
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }

  /** Names of the sessions that have brought nothing for `ms`, with what is known of them. */
  #lost(ms: number): string[] {
    const { ages = {}, ended = {} } = this.#atClient;
    const names = namesOf(this.#plan);
    const silent = names
      .filter(
        (name) =>
          ended[name] !== undefined ||
          (ages[name] ?? Number.POSITIVE_INFINITY) >= this.#patience(name, ms),
      )
      .map((name) => `${name} ${ended[name] ?? `silent for ${ages[name] ?? "ever"} ms`}`);
    const taken = Object.entries(this.#atServer.ages ?? {});
    const fresh = (kind: string): number =>
      taken.filter(([key, age]) => key.startsWith(kind) && age < ms).length;
    const { uploads, streamsUp } = this.#plan;
    if (fresh("tcp") < uploads) silent.push(`${uploads - fresh("tcp")} of ${uploads} uploads`);
    if (fresh("udp") < streamsUp) silent.push(`${streamsUp - fresh("udp")} streams up`);
    if (Date.now() - this.#pinged > 2 * ms) silent.push("ping");
    return silent;
  }

  /** One that is idle spoke when it was told to; an upload is heard at the other end. */
  #patience(name: string, ms: number): number {
    return name.startsWith("idle") || name.startsWith("upload") ? Number.POSITIVE_INFINITY : ms;
  }

  #ping(namespace: string): void {
    const argv = ["ping", "-n", "-i", "0.2", SERVICE_ADDRESS];
    const ping = spawnInside({ namespace, argv, stdio: ["ignore", "pipe", "ignore"] });
    this.#children.push(ping);
    if (ping.stdout !== null)
      eachLine(ping.stdout, (line) => {
        if (line.includes("bytes from")) this.#pinged = Date.now();
      });
  }

  #spawn(
    namespace: string,
    words: readonly string[],
    hear: (report: Report) => void,
  ): ChildProcess {
    const argv = [process.execPath, ...words];
    const child = spawnInside({ namespace, argv, stdio: ["pipe", "pipe", "inherit"] });
    this.#children.push(child);
    if (child.stdout !== null) eachLine(child.stdout, (line) => hear(JSON.parse(line) as Report));
    return child;
  }
}

function namesOf(plan: SessionPlan): string[] {
  const many = (name: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${name} ${index}`);
  return [
    ...many("download", plan.downloads),
    ...many("download over IPv6", plan.downloads6),
    ...many("upload", plan.uploads),
    ...many("idle", plan.idle),
    ...many("idle over IPv6", plan.idle6),
    ...many("stream down", plan.streamsDown),
  ];
}
