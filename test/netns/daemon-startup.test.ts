import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually, newFolder, pause, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  atRest,
  buildPair,
  conntrackdOf,
  GLOBALS,
  holds,
  instance,
  type PairNet,
} from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";

let pair: PairNet;

beforeAll(() => {
  if (isRoot) pair = buildPair();
});
afterEach(stopAll);
afterAll(() => {
  if (isRoot) pair.net.close();
});

const kernelState = (): readonly string[] =>
  ["-4 address", "route", "rule", "link"].map((words) => pair.alpha.ip(words));

/** Runs the daemon until it ends by itself. */
async function refusal(
  config: string,
  options: { readonly through?: readonly string[]; readonly folder?: string } = {},
): Promise<{ readonly code: number | null; readonly log: string }> {
  await atRest(pair.alpha);
  const before = kernelState();
  const daemon = new TestDaemon(pair.alpha, { config, ...options });
  const { code } = await daemon.ended();
  expect(kernelState()).toEqual(before);
  return { code, log: daemon.log };
}

/** Runs the program as a user who may do nothing, or only what `capabilities` names. */
const asNobody = (capabilities: string): readonly string[] => [
  "setpriv",
  "--reuid=65534",
  "--regid=65534",
  "--clear-groups",
  `--inh-caps=${capabilities}`,
  `--ambient-caps=${capabilities}`,
  `--bounding-set=${capabilities}`,
];

/** A folder that nobody may write. */
function nobodysFolder(): string {
  const folder = newFolder();
  chmodSync(folder, 0o777);
  return folder;
}

test.runIf(isRoot).each([
  ["an unknown interface", instance({ interface: "nowhere" }), /interface nowhere/],
  [
    "the same VRID twice on an interface",
    instance() + instance({ name: "I2", addresses: ["10.1.0.5/24"] }),
    /51/,
  ],
  ["a missing brace", instance().trimEnd().slice(0, -1), /\}/],
  ["a VRID that is no VRID", instance({ vrid: 300 }), /300/],
])("%s ends with exit code 2 and one message with its place", async (_, text, pattern) => {
  const { code, log } = await refusal(GLOBALS + text);
  expect(code).toBe(2);
  const errors = log.split("\n").filter((line) => / error: /.test(line));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(/^\/.*keepalived\.conf:\d+:\d+: error: .* \[[a-z-]+\]$/);
  expect(errors[0]).toMatch(pattern);
  expect(log).toContain("nothing was changed");
});

test.runIf(isRoot)("a configuration file that is not there ends with exit code 2", async () => {
  const daemon = new TestDaemon(pair.alpha, { config: "" });
  rmSync(daemon.configFile);
  expect((await daemon.ended()).code).toBe(2);
  expect(daemon.log).toMatch(/there is no such file/);
});

test.runIf(isRoot)(
  "a second daemon with the same state directory says so and disturbs nothing",
  async () => {
    const first = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance() });
    await first.becomes("I1", "active");
    const second = new TestDaemon(pair.alpha, {
      config: GLOBALS + instance(),
      words: ["--state-dir", first.stateDir],
    });
    expect((await second.ended()).code).toBe(2);
    expect(second.log).toContain(
      `state directory ${first.stateDir} is in use by another duet; stop that one or choose another with --state-dir`,
    );
    expect(await first.unit("I1")).toMatchObject({ state: "active" });
  },
);

test.runIf(isRoot)(
  "a second daemon with the same socket names the first and disturbs nothing",
  async () => {
    const first = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance() });
    await first.becomes("I1", "active");
    const second = new TestDaemon(pair.alpha, {
      config: GLOBALS + instance(),
      words: ["--socket", first.socket],
    });
    expect((await second.ended()).code).toBe(2);
    expect(second.log).toContain(
      `control socket ${first.socket} is in use by duet pid ${first.pid}`,
    );
    expect(await first.unit("I1")).toMatchObject({ state: "active" });
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
  },
);

test.runIf(isRoot)(
  "a stale socket of a killed daemon is no obstacle, and only its owner may open a new one",
  async () => {
    const folder = newFolder();
    const first = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance(), folder });
    await first.kill();
    expect(statSync(first.socket).isSocket()).toBe(true);
    const second = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance(), folder });
    expect(statSync(second.socket).mode & 0o777).toBe(0o600);
    await second.stop();
    expect(() => statSync(second.socket)).toThrow("ENOENT");
  },
);

test.runIf(isRoot).each([
  ["nobody", "-all"],
  ["a user without CAP_NET_RAW", "-all,+net_admin"],
])("%s gets exit code 4 and is told what is missing", async (_, capabilities) => {
  const through = asNobody(capabilities);
  const { code, log } = await refusal(GLOBALS + instance(), { through, folder: nobodysFolder() });
  expect(code).toBe(4);
  expect(log).toMatch(/CAP_NET_RAW needed for raw sockets, addresses and routes, but user nobody/);
});

test.runIf(isRoot)("a user without a name is no reason to stumble over the message", async () => {
  const through = asNobody("-all").map((word) => word.replace("65534", "54321"));
  const { code, log } = await refusal(GLOBALS + instance(), { through, folder: nobodysFolder() });
  expect(code).toBe(4);
  expect(log).toContain("but user 54321 does not have that");
});

test.runIf(isRoot)(
  "CAP_NET_ADMIN and CAP_NET_RAW are enough for everything but real-time scheduling",
  async () => {
    const more = `use_vmac
  no_accept
  virtual_routes {
    10.77.0.0/24 via 10.2.0.1 dev wan
  }`;
    const folder = nobodysFolder();
    await atRest(pair.alpha);
    const clean = kernelState();
    const daemon = await TestDaemon.start(pair.alpha, {
      config: GLOBALS + instance({ more }),
      folder,
      through: asNobody("-all,+net_admin,+net_raw"),
    });
    await daemon.becomes("I1", "active");
    expect(holds(pair.alpha, "vrrp.51", "10.1.0.1/24")).toBe(true);
    expect(pair.alpha.ip("route")).toContain("10.77.0.0/24");
    expect(pair.alpha.exec("nft", "list", "tables")).toContain("duet_accept_");
    const { node } = await daemon.client.status();
    expect(node.realtime).toBeNull();
    await daemon.event("daemon.realtime-refused");
    expect(await daemon.events("kernel.call-failed")).toEqual([]);
    expect(statSync(daemon.socket).uid).toBe(65_534);
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    await expect.poll(kernelState, { timeout: 10_000 }).toEqual(clean);
  },
);

/** Runs in every thread of a daemon: notes at the end of a worker its policy of sched(7), for which the main thread waits. */
const NOTE_SCHEDULING = `
import { appendFileSync, readFileSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";
const file = new URL("policies", import.meta.url);
const noted = () => readFileSync(file, "latin1").split("\\n").length - 1;
const note = () => {
  const policy = readFileSync("/proc/thread-self/stat", "latin1").split(") ")[1].split(" ")[38];
  appendFileSync(file, ("config" in workerData ? "replication " : "vrrp ") + policy + "\\n");
};
const wait = () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let turn = 0; turn < 500 && noted() < 2; turn += 1) Atomics.wait(cell, 0, 0, 10);
};
if (isMainThread) appendFileSync(file, "");
process.on("exit", isMainThread ? wait : note);
`;

/** As ps -L shows them. */
const threadNames = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trimEnd(),
  );

test.runIf(isRoot)("threads have names, and none ends under real-time scheduling", async () => {
  const folder = newFolder();
  const hook = path.join(folder, "note.mjs");
  writeFileSync(hook, NOTE_SCHEDULING);
  const daemon = await TestDaemon.start(pair.alpha, {
    config: GLOBALS + instance(),
    conntrackd: conntrackdOf("alpha", { mode: "", filter: "Protocol Accept { TCP }" }),
    environment: { NODE_OPTIONS: `--import ${hook}` },
    folder,
  });
  const { node } = await daemon.client.status();
  expect(node.realtime).toMatchObject({ priority: 50 });
  expect(threadNames(daemon.pid)).toEqual(
    expect.arrayContaining(["duet", "duet-vrrp", "duet-flows"]),
  );
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  const policies = readFileSync(path.join(folder, "policies"), "utf8").trim().split("\n");
  expect(policies.toSorted()).toEqual(["replication 0", "vrrp 0"]);
});

/** The receiving end of sd_notify(3): prints every datagram with the messages separated by spaces. */
const NOTIFY_RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`;

const receivers: ChildProcess[] = [];
afterEach(() => {
  for (const child of receivers.splice(0)) child.kill("SIGKILL");
});

async function receiveNotifications(socket: string): Promise<() => readonly string[]> {
  const child = spawn("python3", ["-c", NOTIFY_RECEIVER, socket]);
  receivers.push(child);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  await eventually("the receiver", () => text.includes("bound"));
  return () => text.trim().split("\n").slice(1);
}

test.runIf(isRoot)("the service manager hears of start, life, reload and end", async () => {
  const folder = newFolder();
  const socket = path.join(folder, "notify");
  const heard = await receiveNotifications(socket);
  const daemon = await TestDaemon.start(pair.alpha, {
    config: GLOBALS + instance(),
    folder,
    environment: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" },
  });
  await eventually("READY", () => heard()[0] === "READY=1 STATUS=running");
  await eventually(
    "three signs of life",
    () => heard().filter((one) => one === "WATCHDOG=1").length >= 3,
  );
  await daemon.reload(GLOBALS + instance({ priority: 90 }));
  await daemon.reload(GLOBALS + instance({ interface: "nowhere" }));
  await daemon.stop();
  await eventually("the last word", () => heard().includes("STOPPING=1"));
  const messages = heard().filter((one) => one !== "WATCHDOG=1");
  expect(messages.map((one) => one.replace(/\d{4,}/, "N"))).toEqual([
    "READY=1 STATUS=running",
    "RELOADING=1 MONOTONIC_USEC=N",
    "READY=1 STATUS=running",
    "RELOADING=1 MONOTONIC_USEC=N",
    expect.stringMatching(
      /^READY=1 STATUS=the new configuration has .*; the earlier one stays in force$/,
    ),
    "STOPPING=1",
  ]);
});

test.runIf(isRoot)("a daemon that may not be alive does not say that it is", async () => {
  const folder = newFolder();
  const socket = path.join(folder, "notify");
  const heard = await receiveNotifications(socket);
  const daemon = await TestDaemon.start(pair.alpha, {
    config: GLOBALS + instance(),
    folder,
    environment: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "200000" },
  });
  await eventually("a sign of life", () => heard().includes("WATCHDOG=1"));
  daemon.signal("SIGSTOP");
  // What was said before may still be on its way.
  await pause(500);
  const count = heard().length;
  await pause(600);
  expect(heard()).toHaveLength(count);
  daemon.signal("SIGCONT");
});

test.runIf(isRoot)("a log that nobody reads delays no advertisement", async () => {
  const daemon = new TestDaemon(pair.alpha, {
    config: GLOBALS + instance({ interval: 0.02 }),
    words: ["--log-level", "debug"],
    readLog: false,
  });
  await eventually("the control socket", async () => {
    try {
      return (await daemon.client.status()).node.pid > 0;
    } catch {
      return false;
    }
  });
  await daemon.becomes("I1", "active");
  // Every reload of this file logs hundreds of findings, 30 kB or so: pipe and buffer are full after some.
  const wrong = Array.from({ length: 200 }, (_, place) =>
    instance({ name: `W${place}`, interface: `nowhere${place}` }),
  );
  daemon.configure(GLOBALS + wrong.join(""));
  await Promise.all(Array.from({ length: 60 }, () => daemon.client.reload()));
  const { counters } = await daemon.instance("I1");
  const began = performance.now();
  await pause(1_000);
  const expected = (performance.now() - began) / 20;
  const later = await daemon.instance("I1");
  expect(later.counters.advertisementsSent - counters.advertisementsSent).toBeGreaterThan(
    expected * 0.9,
  );
  const { node } = await daemon.client.status();
  expect(node.droppedLogLines).toBeGreaterThan(0);
  expect(node.lateness.p99Us ?? 0).toBeLessThan(50_000);
});

test.runIf(isRoot)("SIGTERM during the start, and twice, ends in good order", async () => {
  const config = GLOBALS + instance({ addresses: ["10.1.0.111/24"] });
  const early = new TestDaemon(pair.alpha, { config });
  await eventually("its first words", () => early.log.includes("configuration read"));
  early.signal("SIGTERM");
  expect([0, null]).toContain((await early.ended()).code);
  expect(holds(pair.alpha, "lan", "10.1.0.111/24")).toBe(false);

  const daemon = await TestDaemon.start(pair.alpha, { config });
  await daemon.becomes("I1", "active");
  daemon.signal("SIGTERM");
  daemon.signal("SIGTERM");
  daemon.signal("SIGINT");
  expect(await daemon.ended()).toEqual({ code: 0, signal: null });
  expect(holds(pair.alpha, "lan", "10.1.0.111/24")).toBe(false);
});

test.runIf(isRoot)("signals that keepalived dumps its state on do no harm", async () => {
  const daemon = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance() });
  daemon.signal("SIGUSR1");
  await eventually("the word", () => daemon.log.includes("SIGUSR1 ignored: ask with duet status"));
  daemon.signal("SIGUSR2");
  await eventually("the word", () => daemon.log.includes("SIGUSR2 ignored"));
  await daemon.becomes("I1", "active");
});

test.runIf(isRoot)(
  "no_accept without nft is a clear refusal at the start and on reload",
  async () => {
    const bare = path.join(newFolder(), "bin");
    mkdirSync(bare);
    const daemon = new TestDaemon(pair.alpha, {
      config: GLOBALS + instance({ more: "no_accept" }),
      through: ["/usr/bin/env", `PATH=${bare}`],
    });
    expect((await daemon.ended()).code).toBe(2);
    expect(daemon.log).toMatch(/no_accept cannot be had from nft: .*ENOENT/);

    const other = await TestDaemon.start(pair.alpha, {
      config: GLOBALS + instance(),
      through: ["/usr/bin/env", `PATH=${bare}`],
    });
    await other.becomes("I1", "active");
    const event = await other.reload(GLOBALS + instance({ more: "no_accept" }));
    expect(event).toMatchObject({ name: "config.rejected" });
    expect(event.text).toContain("cannot be applied: no_accept cannot be had from nft");
    expect(await other.unit("I1")).toMatchObject({ state: "active" });
  },
);
