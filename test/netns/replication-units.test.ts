/** Replication follows the election: units that move one by one, and what becomes of flows in the kernel of a backup. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually, newFolder, pause, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  atRest,
  buildPair,
  conntrackdOf,
  GLOBALS,
  instance,
  type PairNet,
} from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";
import { loadFlows } from "../support/replication-peers.ts";

type Router = "alpha" | "beta";

const FLOWS = 40;
const PURGE_TIMEOUT_MS = 1_000;

/** Flows of hosts in 192.0.`network`.0/24. */
const flowsOf = (network: number): string[] =>
  Array.from(
    { length: FLOWS },
    (_, index) =>
      `-p udp -s 192.0.${network}.${index + 1} -d 198.51.100.1 --sport 1000 --dport 53 -t 600 -u SEEN_REPLY,ASSURED`,
  );

const conntrackd = (router: Router): string =>
  conntrackdOf(router, {
    mode: `PurgeTimeout ${PURGE_TIMEOUT_MS / 1_000}`,
    filter: "Address Accept { IPv4_address 192.0.0.0/16 }",
  });

/** Two instances that are in no group; each router is to be active in one of them. */
const units = (router: Router): string =>
  `${GLOBALS}${["U1", "U2"]
    .map((name, index) =>
      instance({
        name,
        vrid: 51 + index,
        priority: (router === "alpha") === (index === 0) ? 150 : 100,
        addresses: [`10.1.0.${index === 0 ? 1 : 4}/24`],
      }),
    )
    .join("\n")}`;

const single = (priority: number): string =>
  `${GLOBALS}${instance({ name: "U1", priority, more: "nopreempt" })}`;

describe.skipIf(!isRoot)("replication follows the election", () => {
  let pair: PairNet;
  beforeAll(() => {
    pair = buildPair();
  });
  beforeEach(async () => {
    await Promise.all([pair.alpha, pair.beta].map(atRest));
  });
  afterEach(async () => {
    await stopAll();
    for (const router of [pair.alpha, pair.beta]) router.exec("conntrack", "-F");
  });
  afterAll(() => pair.net.close());

  const start = async (router: Router, config: string, folder?: string): Promise<TestDaemon> =>
    TestDaemon.start(pair[router], {
      config,
      conntrackd: conntrackd(router),
      ...(folder === undefined ? {} : { folder }),
    });

  /** How many flows of 192.0.`network`.0/24 the kernel of a router has. */
  const inKernel = (router: Router, network: number): number =>
    pair[router]
      .exec("conntrack", "-L", "-s", `192.0.${network}.0/24`)
      .split("\n")
      .filter((line) => line !== "").length;

  const counts = async (daemon: TestDaemon): Promise<{ internal: number; external: number }> => {
    const { replication } = await daemon.client.status();
    if (replication === null) throw new Error("nothing is replicated");
    return replication.flows;
  };
  const knows = (daemon: TestDaemon, internal: number, external: number): Promise<boolean> =>
    eventually(`${internal} own flows and ${external} of the peer:\n${daemon.log}`, async () => {
      const flows = await counts(daemon);
      return flows.internal === internal && flows.external === external;
    });

  test("a unit that moves brings the flows of its router along, and takes them back", async () => {
    const alpha = await start("alpha", units("alpha"));
    await alpha.becomes("U2", "active");
    const beta = await start("beta", units("beta"));
    await beta.becomes("U2", "active");
    await alpha.becomes("U2", "backup");
    await alpha.becomes("U1", "active");
    loadFlows(pair.alpha, flowsOf(2));
    loadFlows(pair.beta, flowsOf(3));
    await knows(alpha, FLOWS, FLOWS);
    await knows(beta, FLOWS, FLOWS);
    expect([inKernel("alpha", 3), inKernel("beta", 2)]).toEqual([0, 0]);

    await beta.kill();
    await alpha.becomes("U2", "active");
    expect(inKernel("alpha", 3), "state first, address second").toBe(FLOWS);
    expect(inKernel("alpha", 2)).toBe(FLOWS);
    const loaded = await alpha.event("replication.loaded", /^U2: [1-9]/);
    expect(loaded.data).toMatchObject({ unit: "U2", committed: FLOWS, failed: 0 });
    await knows(alpha, 2 * FLOWS, 0);

    pair.beta.exec("conntrack", "-F");
    const again = await start("beta", units("beta"));
    await again.becomes("U2", "active");
    await alpha.becomes("U2", "backup");
    expect(inKernel("beta", 3), "without a change of their state since").toBe(FLOWS);
    await alpha.becomes("U1", "active");
    await pause(2 * PURGE_TIMEOUT_MS);
    expect(inKernel("alpha", 2), "a router that is active in one unit purges nothing").toBe(FLOWS);
    const { replication } = await again.client.status();
    expect(replication?.lastTakeover).toMatchObject({ failed: 0 });
  });

  test("a backup that never was active keeps what is in its kernel; one that was active purges it", async () => {
    loadFlows(pair.beta, flowsOf(9));
    const folder = newFolder();
    const alpha = await start("alpha", single(150), folder);
    await alpha.becomes("U1", "active");
    loadFlows(pair.alpha, flowsOf(2));
    const beta = await start("beta", single(100));
    await beta.becomes("U1", "backup");
    await knows(beta, FLOWS, FLOWS);
    await pause(2 * PURGE_TIMEOUT_MS);
    expect(inKernel("beta", 9)).toBe(FLOWS);

    await alpha.kill();
    await beta.becomes("U1", "active");
    expect([inKernel("beta", 2), inKernel("beta", 9)]).toEqual([FLOWS, FLOWS]);
    expect(inKernel("alpha", 2)).toBe(FLOWS);
    const again = await start("alpha", single(150), folder);
    await again.becomes("U1", "backup");
    await eventually("the flows of the time before to go", async () => {
      const { kernel } = await again.client.replicationStats();
      return kernel.deleted >= FLOWS;
    });
    await knows(again, 0, 2 * FLOWS);
  });
});
