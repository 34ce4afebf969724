/** What a backup has in its kernel before anything happens, and what becomes of it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually, pause, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  atRest,
  buildPair,
  conntrackdOf,
  GLOBALS,
  instance,
  type PairNet,
} from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";
import { kernelFlows, loadFlows } from "../support/replication-peers.ts";

type Router = "alpha" | "beta";

const hosts = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `192.0.2.${index + 1}`);
/** UDP through, TCP with its source translated, TCP to a server behind the router, echo requests, and TCP over IPv6. */
const FLOWS = hosts(20).flatMap((host, index) => [
  `-p udp -s ${host} -d 198.51.100.1 --sport 1000 --dport 53 -t 600 -u SEEN_REPLY,ASSURED`,
  `-p tcp -s ${host} -d 198.51.100.2 --sport 1001 --dport 443 -t 7200 --state ESTABLISHED -u SEEN_REPLY,ASSURED --src-nat 203.0.113.9:${5_000 + index}`,
  `-p tcp -s ${host} -d 203.0.113.9 --sport 1002 --dport 80 -t 7200 --state ESTABLISHED -u SEEN_REPLY,ASSURED --dst-nat 192.0.3.9:8080`,
  `-p icmp -s ${host} -d 198.51.100.3 --icmp-type 8 --icmp-code 0 --icmp-id ${index + 1} -t 600 --src-nat 203.0.113.9`,
  `-p tcp -s 2001:db8:2::${index + 1} -d 2001:db8:9::1 --sport 1003 --dport 22 -t 7200 --state ESTABLISHED -u SEEN_REPLY,ASSURED -m 7`,
]);

const conntrackd = (router: Router): string =>
  conntrackdOf(router, {
    mode: "CommitTimeout 300 PurgeTimeout 1",
    filter: "Address Ignore { IPv4_address 10.0.0.0/8 IPv6_address fe80::/10 }",
  });

const single = (priority: number): string =>
  `${GLOBALS}${instance({ name: "U1", priority, more: "nopreempt" })}`;

describe.skipIf(!isRoot)("a backup", () => {
  let pair: PairNet;
  let alpha: TestDaemon;
  let beta: TestDaemon;

  beforeAll(() => {
    pair = buildPair();
  });
  beforeEach(async () => {
    await Promise.all([pair.alpha, pair.beta].map(atRest));
    alpha = await start("alpha", 150);
    await alpha.becomes("U1", "active");
    loadFlows(pair.alpha, FLOWS);
    beta = await start("beta", 100);
    await beta.becomes("U1", "backup");
    await hasLoaded(FLOWS.length);
  });
  afterEach(async () => {
    await stopAll();
    for (const router of [pair.alpha, pair.beta]) router.exec("conntrack", "-F");
  });
  afterAll(() => pair.net.close());

  const start = async (router: Router, priority: number): Promise<TestDaemon> =>
    TestDaemon.start(pair[router], { config: single(priority), conntrackd: conntrackd(router) });

  const hasLoaded = (count: number): Promise<boolean> =>
    eventually(`the kernel to have ${count} flows of the peer:\n${beta.log}`, async () => {
      const { replication } = await beta.client.status();
      return replication?.flows.loaded === count && replication.flows.external === count;
    });

  /** What a router's kernel says of the flows of FLOWS, without the time that they have left. */
  const inKernel = (router: Router): string[] =>
    ["ipv4", "ipv6"]
      .flatMap((family) => kernelFlows(pair[router], "-f", family))
      .filter((line) => / src=(192\.0\.2|2001:db8:2:)/.test(line))
      .map((line) => line.replace(/^(\S+ +\d+) \d+/, "$1").replace(/ use=\d+/, ""))
      .toSorted();

  const takeOver = async (): Promise<unknown> => {
    await alpha.kill();
    await beta.becomes("U1", "active");
    return (await beta.event("replication.loaded")).data;
  };

  test("has the flows of its peer in its kernel as long as they live, and loads none at a takeover", async () => {
    expect(inKernel("beta")).toEqual(inKernel("alpha"));
    expect(inKernel("beta")).toHaveLength(FLOWS.length);
    pair.alpha.exec("conntrack", "-D", "-p", "udp");
    await hasLoaded(FLOWS.length - 20);
    const before = inKernel("beta");
    expect(before).toEqual(inKernel("alpha"));
    expect(await takeOver()).toMatchObject({ committed: 0, kept: before.length, failed: 0 });
    expect(inKernel("beta")).toEqual(before);
  });

  test("knows again what it had loaded before its daemon was killed", async () => {
    await beta.kill();
    expect(inKernel("beta")).toHaveLength(FLOWS.length);
    beta = await start("beta", 100);
    await beta.becomes("U1", "backup");
    await hasLoaded(FLOWS.length);
    const { replication } = await beta.client.status();
    expect(replication?.flows.internal, "none of it is its own").toBe(0);
    expect(await takeOver()).toMatchObject({ committed: 0, kept: FLOWS.length, failed: 0 });
  });

  test("takes with it what it had loaded when its daemon is stopped, and nothing else", async () => {
    loadFlows(pair.beta, [
      "-p udp -s 192.0.2.99 -d 198.51.100.1 --sport 1000 --dport 53 -t 600 -u SEEN_REPLY,ASSURED",
    ]);
    await beta.stop();
    expect(inKernel("beta")).toHaveLength(1);
  });

  test("leaves its own sessions alone until it takes over", async () => {
    const own =
      "-p udp -s 192.0.2.77 -d 198.51.100.1 --sport 123 --dport 123 -t 600 -u SEEN_REPLY,ASSURED";
    loadFlows(pair.beta, [own]);
    loadFlows(pair.alpha, [`${own} --src-nat 203.0.113.9:123`]);
    await eventually("the flow to be known", async () => {
      const { replication } = await beta.client.status();
      return replication?.flows.external === FLOWS.length + 1;
    });
    // As long as it takes to go round the table and to load what is there.
    await pause(5_000);
    const theirs = (): string => kernelFlows(pair.beta, "-s", "192.0.2.77").join("");
    expect(theirs()).toContain("dst=192.0.2.77");
    expect(await takeOver()).toMatchObject({ committed: 1, kept: FLOWS.length, failed: 0 });
    expect(theirs()).toContain("dst=203.0.113.9");
  });
});
