/** Duet beside the real conntrackd when the link loses datagrams, when either is started anew, and in the other modes. */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  commonToBoth,
  difference,
  loadFlows,
  missingConntrackd,
  type ReplicatorKind,
} from "../support/replication-peers.ts";
import { ReplicationSite } from "../support/replication-site.ts";

const missing = missingConntrackd();
const SETTLED = { timeout: 50_000, interval: 100 };
const FLOWS = 3_000;

const DIRECTIONS: readonly (readonly [ReplicatorKind, ReplicatorKind])[] = [
  ["duet", "conntrackd"],
  ["conntrackd", "duet"],
];

/** Flows of hosts in 10.`network`.0.0/16. */
const flowsOf = (network: number, count = FLOWS): string[] =>
  Array.from({ length: count }, (_, index) => {
    const host = `10.${network}.${index >> 8}.${index & 255}`;
    return `-p udp -s ${host} -d 203.0.113.10 --sport ${1_024 + index} --dport 53 -t 3600 -u SEEN_REPLY,ASSURED`;
  });

/** Every twentieth datagram of the dedicated link is lost, both ways. */
const LOSS = `table inet loss {
  chain in { type filter hook prerouting priority -400; iifname "sync" numgen random mod 100 < 5 drop; }
}`;

describe.skipIf(missing !== undefined).each(DIRECTIONS)(
  `%s and %s ${missing ?? ""}`,
  (from, to) => {
    let site: ReplicationSite;
    let made = 0;
    const begin = async (mode?: string): Promise<void> => {
      site = new ReplicationSite(`t${from.slice(0, 1)}${(made += 1)}`, { alpha: from, beta: to });
      const settings = mode === undefined ? {} : { mode };
      await site.replicators.alpha.start(settings);
      await site.replicators.beta.start(settings);
    };
    /** Waits until both know the same flows, and as many as were made. */
    const agree = async (count: number): Promise<void> => {
      const { alpha, beta } = site.replicators;
      await vi.waitFor(() => {
        const external = beta.flows("external");
        expect(external).toHaveLength(count);
        expect(difference(commonToBoth(alpha.flows("internal")), commonToBoth(external))).toEqual(
          [],
        );
      }, SETTLED);
    };
    afterEach(() => {
      site.close();
    });

    test("agree in spite of lost datagrams", async () => {
      await begin();
      for (const router of Object.values(site.routers)) router.exec("nft", LOSS);
      loadFlows(site.routers.alpha, flowsOf(1));
      site.routers.alpha.exec("conntrack", "-D", "-s", "10.1.0.0/22");
      loadFlows(site.routers.alpha, flowsOf(2));
      await agree(2 * FLOWS - 1_024);
    });

    test("agree when the one that listens is started anew and asks", async () => {
      await begin();
      loadFlows(site.routers.alpha, flowsOf(1));
      await agree(FLOWS);
      await site.replicators.beta.end("SIGKILL");
      loadFlows(site.routers.alpha, flowsOf(2, 100));
      await site.replicators.beta.start();
      site.replicators.beta.ask("-n");
      await agree(FLOWS + 100);
    });

    test("agree when the one that tells is started anew and is asked", async () => {
      await begin();
      loadFlows(site.routers.alpha, flowsOf(1));
      await agree(FLOWS);
      await site.replicators.alpha.end("SIGKILL");
      await site.replicators.alpha.start();
      loadFlows(site.routers.alpha, flowsOf(2, 100));
      site.replicators.beta.ask("-n");
      await agree(FLOWS + 100);
    });

    test.each([
      ["NOTRACK", "Mode NOTRACK { }"],
      ["ALARM", "Mode ALARM { RefreshTime 2 CacheTimeout 60 }"],
    ])("agree in mode %s about flows that come and go", async (_, mode) => {
      await begin(mode);
      loadFlows(site.routers.alpha, flowsOf(1, 200));
      await agree(200);
      site.routers.alpha.exec("conntrack", "-D", "-s", "10.1.0.0/25");
      await agree(72);
    });
  },
);
