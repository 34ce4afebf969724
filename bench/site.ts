/** Two routers on one switch, for what needs no client: alpha is Active, beta is its backup. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../src/lab/waiting.ts";
import { type TestNamespace, TestNet, type TestSwitch } from "../test/support/netns.ts";
import { createPeer, type Peer } from "../test/support/peers.ts";
import type { Contestant } from "./report.ts";

export interface Population {
  readonly instances: number;
  readonly version: 2 | 3;
  /** Seconds. */
  readonly interval: number;
}

export interface Site {
  readonly alpha: Peer;
  readonly beta: Peer;
  readonly routers: readonly [TestNamespace, TestNamespace];
  readonly middle: TestSwitch;
  readonly folder: string;
}

const ELECTION_MS = 30_000;
const SETTLE_MS = 10_000;

/** One address each, 198.18.0.VRID. */
export const configOf = ({ instances, version, interval }: Population, priority: number): string =>
  Array.from({ length: instances }, (_, index) => index + 1)
    .map(
      (vrid) => `vrrp_instance I${vrid} {
  state BACKUP
  version ${version}
  interface eth0
  virtual_router_id ${vrid}
  priority ${priority}
  advert_int ${interval}
  virtual_ipaddress {
    198.18.0.${vrid}/32
  }
}
`,
    )
    .join("");

/** Runs `work` while the whole population is Active on alpha and backed up by beta. */
export async function withSite<T>(
  contestant: Contestant,
  population: Population,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-bench-"));
  const net = new TestNet();
  try {
    const [left, right] = [net.namespace("a"), net.namespace("b")];
    const middle = net.switch("sw");
    for (const [host, router] of [left, right].entries()) {
      middle.plug(router, "eth0");
      router.ip(`addr add 192.0.2.${host + 1}/24 dev eth0`);
    }
    const alpha = createPeer(contestant, left, path.join(folder, "alpha"));
    const beta = createPeer(contestant, right, path.join(folder, "beta"));
    await alpha.start(configOf(population, 110));
    const isComplete = (): boolean =>
      left.ip("-o addr show dev eth0").split("198.18.0.").length - 1 === population.instances;
    if (!(await waitUntil(isComplete, ELECTION_MS))) throw new Error(`not Active:\n${alpha.log}`);
    await beta.start(configOf(population, 100));
    await delay(SETTLE_MS);
    const result = await work({ alpha, beta, routers: [left, right], middle, folder });
    await Promise.all([alpha.terminate(), beta.terminate()]);
    return result;
  } finally {
    net.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
