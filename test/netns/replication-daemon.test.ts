/** Daemons that replicate flows without an election: start, commands, reloads, logs, locks, troubles of the kernel. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ListQuery, ReplicationStatus } from "../../src/control/replication-contract.ts";
import { eventually, stopAll, TestDaemon } from "../support/daemon.ts";
import { isRoot, type TestNamespace, TestNet } from "../support/netns.ts";
import { loadFlows } from "../support/replication-peers.ts";

const ROUTERS = ["alpha", "beta"] as const;
type Router = (typeof ROUTERS)[number];

interface Settings {
  readonly mode?: string;
  /** Number of the dedicated link. */
  readonly link?: number;
  readonly general?: string;
}

function conntrackdConf(router: Router, settings: Settings = {}): string {
  const { mode = "Mode FTFW { }", link = 0, general = "" } = settings;
  const [own, other] = router === "alpha" ? [1, 2] : [2, 1];
  return `Sync {
  ${mode}
  UDP {
    IPv4_address 10.255.${link}.${own}
    IPv4_Destination_Address 10.255.${link}.${other}
    Port 3780
    Interface sync${link}
  }
}
General {
  HashLimit 65536
  LockFile @DIR@/conntrack.lock
  LogFile @DIR@/conntrackd.log
  ${general}
  Filter From Userspace {
    Address Ignore {
      IPv4_address 127.0.0.1
      IPv4_address 10.255.0.0/16
    }
  }
}
`;
}

describe.skipIf(!isRoot)("two daemons that replicate flows", () => {
  let net: TestNet;
  const places = {} as Record<Router, TestNamespace>;

  beforeAll(() => {
    net = new TestNet();
    for (const router of ROUTERS) places[router] = net.namespace(router);
    for (const link of [0, 1]) {
      net.cable(places.alpha, `sync${link}`, places.beta, `sync${link}`);
      places.alpha.ip(`addr add 10.255.${link}.1/30 dev sync${link}`);
      places.beta.ip(`addr add 10.255.${link}.2/30 dev sync${link}`);
    }
  });

  afterEach(async () => {
    await stopAll();
    for (const place of Object.values(places)) place.exec("conntrack", "-F");
  });

  afterAll(() => net.close());

  const start = async (router: Router, settings?: Settings): Promise<TestDaemon> =>
    TestDaemon.start(places[router], { conntrackd: conntrackdConf(router, settings) });

  /** Makes flows in the kernel of a router, as if somebody had sent packets through it. */
  const makeFlows = (router: Router, first: number, count: number): void => {
    for (let port = first; port < first + count; port += 1)
      places[router].exec(
        "conntrack",
        ..."-I -p udp -s 192.0.2.1 -d 198.51.100.1 --dport 53 -t 600 -u SEEN_REPLY".split(" "),
        "--sport",
        String(port),
      );
  };

  const flowsOf = (router: Router): readonly string[] =>
    places[router]
      .exec("conntrack", "-L", "-p", "udp", "-s", "192.0.2.1")
      .split("\n")
      .filter((line) => line !== "");

  const replicationOf = async (daemon: TestDaemon): Promise<ReplicationStatus> => {
    const { replication } = await daemon.client.status();
    if (replication === null) throw new Error("nothing is replicated");
    return replication;
  };

  const external = (daemon: TestDaemon, count: number): Promise<boolean> =>
    eventually(`${count} flows of the peer`, async () => {
      const { flows } = await replicationOf(daemon);
      return flows.external === count;
    });

  test("flows that were there before, and that come and go later, are told to the peer", async () => {
    makeFlows("alpha", 1_000, 5);
    const alpha = await start("alpha");
    const beta = await start("beta");
    await external(beta, 5);
    makeFlows("alpha", 2_000, 3);
    await external(beta, 8);
    places.alpha.exec("conntrack", "-D", "-p", "udp", "--orig-port-src", "1000");
    await external(beta, 7);
    const status = await eventually("both to be synchronised", async () => {
      const [first, second] = await Promise.all([alpha, beta].map(replicationOf));
      return first!.synchronised && second!.synchronised && second;
    });
    expect(status).toMatchObject({
      mode: "ftfw",
      activeChannel: "sync0",
      peer: { state: "up" },
      lostMessages: 0,
      malformedMessages: 0,
    });
    expect(status.kernel.max).toBeGreaterThan(0);
    await beta.event("replication.synchronised");
    const { queues } = await beta.client.replicationStats();
    expect(queues.map(({ name, max }) => [name, max])).toEqual([
      ["transmit", null],
      ["error", 128],
      ["resend", 131_072],
    ]);
  });

  test("a commit writes the flows of the peer to the kernel, and does not echo", async () => {
    const alpha = await start("alpha");
    const beta = await start("beta");
    makeFlows("alpha", 1_000, 20);
    await external(beta, 20);
    expect(flowsOf("beta")).toEqual([]);
    expect(await beta.client.commit()).toMatchObject({ committed: 20, kept: 0, failed: 0 });
    expect(flowsOf("beta")).toHaveLength(20);
    expect(await beta.client.commit()).toMatchObject({ failed: 0 });
    expect(flowsOf("beta")).toHaveLength(20);
    const { flows, kernel } = await beta.client.replicationStats();
    expect(kernel.created).toBe(20);
    expect(kernel.own, "by both commits").toBeGreaterThanOrEqual(20);
    expect(kernel.dumps).toBe(0);
    expect(flows.internal.active).toBe(0);
    expect((await replicationOf(alpha)).flows.external).toBe(0);
  });

  test("after many flows were loaded, their ends and the beginnings of others are heard", async () => {
    await start("alpha");
    const beta = await start("beta");
    makeFlows("alpha", 1_000, 200);
    await external(beta, 200);
    expect(await beta.client.commit()).toMatchObject({ committed: 200, failed: 0 });
    const events = async (): Promise<number> =>
      (await beta.client.replicationStats()).kernel.events;
    const before = await events();
    places.beta.exec("conntrack", "-D", "-p", "udp", "--orig-port-src", "1000");
    await eventually("the end of a loaded flow", async () => (await events()) === before + 1);
    makeFlows("beta", 3_000, 2);
    await eventually("flows that began afterwards", async () => {
      const { flows } = await beta.client.replicationStats();
      return flows.internal.active === 2;
    });
  });

  test("a peer that is gone is told of as lost protection, and as synchronised when it is back", async () => {
    const alpha = await start("alpha");
    const beta = await start("beta");
    makeFlows("alpha", 1_000, 4);
    await beta.event("replication.synchronised");
    await alpha.kill();
    const lost = await beta.event("replication.lost-protection");
    expect(lost.data).toMatchObject({ code: "peer-silent" });
    const before = (await beta.events("replication.synchronised")).length;
    const again = await start("alpha");
    await eventually("synchronised again", async () => {
      return (await beta.events("replication.synchronised")).length > before;
    });
    await external(beta, 4);
    await again.stop();
  });

  test("a reload that moves to another link keeps what is known of the peer's flows", async () => {
    const alpha = await start("alpha");
    const beta = await start("beta");
    makeFlows("alpha", 1_000, 6);
    await external(beta, 6);
    await Promise.all([
      alpha.reloadReplication(conntrackdConf("alpha", { link: 1 })),
      beta.reloadReplication(conntrackdConf("beta", { link: 1 })),
    ]);
    expect((await replicationOf(beta)).flows.external).toBe(6);
    await eventually("the other link", async () => {
      const status = await replicationOf(beta);
      return status.activeChannel === "sync1" && status.peer.state === "up";
    });
    makeFlows("alpha", 2_000, 1);
    await external(beta, 7);
  });

  test("a reload of filter, timeouts and buffers keeps the tables, and says so", async () => {
    const alpha = await start("alpha");
    const beta = await start("beta");
    makeFlows("alpha", 1_000, 6);
    await external(beta, 6);
    const general = "NetlinkBufferSize 1048576\n  NetlinkBufferSizeMaxGrowth 4194304";
    const ignored = conntrackdConf("alpha", { general }).replace(
      "IPv4_address 127.0.0.1",
      "IPv4_address 192.0.2.1",
    );
    await alpha.reloadReplication(ignored);
    expect((await alpha.event("replication.reconfigured")).data).toMatchObject({
      tables_kept: true,
      reason: null,
      changes: expect.arrayContaining(["filter", "event buffer"]) as unknown,
    });
    await external(beta, 0);
    await alpha.reloadReplication(conntrackdConf("alpha", { general }));
    await external(beta, 6);
    expect((await alpha.client.replicationStats()).kernel.receiveBuffer).toBe(1_048_576);
    await beta.reloadReplication(conntrackdConf("beta", { mode: "Mode FTFW { PurgeTimeout 7 }" }));
    expect((await replicationOf(beta)).flows.external).toBe(6);
    makeFlows("alpha", 2_000, 1);
    await external(beta, 7);
    expect((await replicationOf(beta)).lostMessages).toBe(0);
  });

  test("each knows what the kernel of the other is like", async () => {
    places.alpha.exec("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_be_liberal=1");
    const alpha = await start("alpha");
    const beta = await start("beta");
    await eventually("what the peer tells", async () => {
      const statuses = await Promise.all([alpha, beta].map(replicationOf));
      return statuses.every(({ peerKernel }) => peerKernel !== null);
    });
    const own = (await replicationOf(alpha)).kernel;
    const { peerKernel } = await replicationOf(beta);
    expect({ ...peerKernel, count: 0 }).toEqual({ ...own, count: 0 });
    expect(peerKernel?.tcpBeLiberal).toBe(true);
    expect((await beta.client.replicationStats()).conntrack.peer).toEqual(peerKernel);
    await beta.reloadReplication(conntrackdConf("beta", { mode: "Mode NOTRACK { }" }));
    await alpha.reloadReplication(conntrackdConf("alpha", { mode: "Mode NOTRACK { }" }));
    expect((await alpha.event("replication.reconfigured")).data).toMatchObject({
      tables_kept: false,
      reason: "the mode changed from ftfw to notrack",
    });
    await eventually("what the peer tells in NOTRACK", async () => {
      const status = await replicationOf(beta);
      return status.mode === "notrack" && status.peerKernel?.tcpBeLiberal === true;
    });
  });

  test("a reload to another mode brings the flows over again", async () => {
    const alpha = await start("alpha");
    const beta = await start("beta");
    makeFlows("alpha", 1_000, 6);
    await external(beta, 6);
    const mode = "Mode NOTRACK { }";
    await Promise.all([
      alpha.reloadReplication(conntrackdConf("alpha", { mode })),
      beta.reloadReplication(conntrackdConf("beta", { mode })),
    ]);
    await beta.client.resync();
    await external(beta, 6);
    expect((await replicationOf(beta)).mode).toBe("notrack");
  });

  test("own flows are listed from the kernel where no internal cache keeps them", async () => {
    const alpha = await start("alpha", { mode: "Mode NOTRACK { DisableInternalCache on }" });
    const flows = Array.from(
      { length: 1_500 },
      (_, index) =>
        `-p udp -s 192.0.2.1 -d 198.51.100.1 --sport ${1_000 + index} --dport 53 -t 600 -u SEEN_REPLY`,
    );
    loadFlows(places.alpha, [
      ...flows,
      "-p udp -s 10.255.0.1 -d 10.255.0.2 --sport 1 --dport 2 -t 9",
    ]);
    const lines = async (query: Partial<ListQuery> = {}): Promise<readonly string[]> => {
      let text = "";
      const all = { cache: "internal", table: "flows", format: "text", ...query } as const;
      for await (const piece of alpha.client.list(all)) text += piece;
      return text.split("\n").slice(0, -1);
    };
    const listed = await lines();
    expect(new Set(listed).size, "without what the filter keeps out").toBe(1_500);
    const untold = listed.filter(
      (line) => !/^udp {6}17 [1-6]\d\d src=192\.0\.2\.1 .* dport=\d+ mark=0 use=1$/.test(line),
    );
    expect(untold, "the seconds left, and no counters without accounting").toEqual([]);
    expect(listed.some((line) => line.includes("active since"))).toBe(false);
    expect(await lines({ limit: 7 })).toHaveLength(7);
    expect(await lines({ destination: "198.51.100.2" })).toEqual([]);
    const [first] = await lines({ format: "json", limit: 1 });
    expect(JSON.parse(first!)).toMatchObject({ ageSeconds: null, expiresSeconds: null });
    expect(first).toMatch(/"timeout":[1-6]\d\d,/);
    places.alpha.exec("sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1");
    loadFlows(places.alpha, [
      "-p tcp -s 192.0.2.9 -d 198.51.100.1 --sport 9 --dport 80 -t 600 --state ESTABLISHED -u SEEN_REPLY,ASSURED",
    ]);
    const counted = { protocol: 6, source: "192.0.2.9" };
    const conntrack = places.alpha.exec("conntrack", "-L", "-p", "tcp").trim();
    const withoutTime = (line: string): string => line.replace(/ \d+ ESTABLISHED/, " ESTABLISHED");
    expect((await lines(counted)).map(withoutTime)).toEqual([withoutTime(conntrack)]);
    expect(conntrack).toContain("packets=0 bytes=0");
    const [json] = await lines({ ...counted, format: "json" });
    const nothing = { packets: 0, bytes: 0 };
    expect(JSON.parse(json!)).toMatchObject({ counters: { original: nothing, reply: nothing } });
    expect((await lines({ ...counted, format: "xml" }))[0]).toMatch(
      /<counters><packets>0<\/packets><bytes>0<\/bytes><\/counters>.*<state>ESTABLISHED<\/state><timeout>\d+<\/timeout>/,
    );
    places.alpha.exec("conntrack", "-D", "-p", "tcp");
    // Those that nobody reads to the end give way.
    const begun = Array.from({ length: 9 }, async () => {
      const listing = alpha.client.list({ cache: "internal", table: "flows", format: "text" });
      await listing.next();
      await listing.return();
    });
    await Promise.allSettled(begun);
    expect(await lines()).toHaveLength(1_500);
    expect(await lines({ cache: "external" })).toEqual([]);
    expect(await lines({ table: "expectations" })).toEqual([]);
  });

  test("a configuration with errors is rejected and the earlier one stays in force", async () => {
    const alpha = await start("alpha");
    const rejected = await alpha.reloadReplication(
      "Sync { Mode FTFW { }\n  UDP { Prot 3780 }\n}\n",
    );
    expect(rejected.name).toBe("config.rejected");
    expect((await replicationOf(alpha)).activeChannel).toBe("sync0");
  });

  test("the lock file keeps a second daemon away and is gone after the end; the log has conntrackd's form", async () => {
    const alpha = await start("alpha");
    const lock = path.join(alpha.folder, "conntrack.lock");
    expect(existsSync(lock)).toBe(true);
    const second = new TestDaemon(places.beta, {
      conntrackd: conntrackdConf("beta").replace("@DIR@/conntrack.lock", lock),
    });
    expect((await second.ended()).code).toBe(2);
    expect(second.log).toContain(lock);
    await alpha.event("replication.started");
    expect((await alpha.stop()).code).toBe(0);
    expect(existsSync(lock)).toBe(false);
    const log = readFileSync(path.join(alpha.folder, "conntrackd.log"), "utf8");
    expect(log).toMatch(
      /^\[\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\] \(pid=\d+\) \[notice\] replicates/m,
    );
  });

  test("events that the kernel had to drop are counted and the kernel is read again", async () => {
    const general =
      "NetlinkBufferSize 8192\n  NetlinkBufferSizeMaxGrowth 16384\n  NetlinkOverrunResync 1";
    const alpha = await start("alpha", { general });
    const burst = places.alpha.exec.bind(places.alpha);
    // All at once, and far more than the buffer holds.
    makeFlows("alpha", 1_000, 150);
    alpha.signal("SIGSTOP");
    burst("conntrack", "-F");
    makeFlows("alpha", 2_000, 100);
    alpha.signal("SIGCONT");
    await alpha.event("replication.overrun");
    await eventually("the flows that are there", async () => {
      return (await replicationOf(alpha)).flows.internal === 100;
    });
    expect((await replicationOf(alpha)).overruns).toBeGreaterThan(0);
    const { kernel } = await alpha.client.replicationStats();
    expect(kernel.overruns).toBeGreaterThan(0);
    expect(kernel.dumps).toBeGreaterThan(0);
  });
});
