/** Duet beside the real conntrackd over every kind of dedicated link, over two of which one fails, and from the first moment on. */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  commonToBoth,
  difference,
  loadFlows,
  missingConntrackd,
  type ReplicationSettings,
  type ReplicatorKind,
  unicastLink,
} from "../support/replication-peers.ts";
import { ReplicationSite } from "../support/replication-site.ts";

const missing = missingConntrackd();
const SETTLED = { timeout: 40_000, interval: 100 };
const FLOWS = 300;

const DIRECTIONS: readonly (readonly [ReplicatorKind, ReplicatorKind])[] = [
  ["duet", "conntrackd"],
  ["conntrackd", "duet"],
];

const MULTICAST = (own: number): string => `Multicast {
    IPv4_address 225.0.0.50
    Group 3780
    IPv4_interface 10.255.0.${own}
    Interface sync
    SndSocketBuffer 1249280
    RcvSocketBuffer 1249280
    Checksum on
  }`;

const KINDS: readonly (readonly [string, ReplicationSettings])[] = [
  ["multicast", { links: MULTICAST }],
  ["TCP", { links: (...ends) => unicastLink(ends, { transport: "TCP" }) }],
  [
    "TCP without retransmissions of its own",
    {
      mode: "Mode NOTRACK { }",
      links: (...ends) => unicastLink(ends, { transport: "TCP" }),
    },
  ],
];

/** UDP over both cables, the first one by default. */
const TWO_LINKS: ReplicationSettings = {
  links: (...ends) =>
    `${unicastLink(ends, { transport: "UDP Default" })}\n  ${unicastLink(ends, { number: 1 })}`,
};

/** Flows of hosts in 10.`network`.0.0/16. */
const flowsOf = (network: number, count = FLOWS): string[] =>
  Array.from({ length: count }, (_, index) => {
    const host = `10.${network}.${index >> 8}.${index & 255}`;
    return `-p udp -s ${host} -d 203.0.113.10 --sport ${1_024 + index} --dport 53 -t 3600 -u SEEN_REPLY,ASSURED`;
  });

describe.skipIf(missing !== undefined).each(DIRECTIONS)(
  `%s tells %s ${missing ?? ""}`,
  (from, to) => {
    let site: ReplicationSite;
    let made = 0;
    const begin = async (settings: ReplicationSettings): Promise<void> => {
      site = new ReplicationSite(`l${from.slice(0, 1)}${(made += 1)}`, { alpha: from, beta: to });
      await site.replicators.alpha.start(settings);
      await site.replicators.beta.start(settings);
    };
    /** Waits until both know the same flows, and as many as were made. */
    const agree = async (count: number): Promise<void> => {
      const { alpha, beta } = site.replicators;
      await vi.waitFor(() => {
        const external = beta.flows("external");
        expect(external, site.logs).toHaveLength(count);
        expect(difference(commonToBoth(alpha.flows("internal")), commonToBoth(external))).toEqual(
          [],
        );
      }, SETTLED);
    };
    /** Waits until a first flow has arrived: what is told before the connection stands may be lost. */
    const works = async (): Promise<void> => {
      const { alpha, beta } = site.replicators;
      loadFlows(alpha.namespace, flowsOf(9, 1));
      await vi.waitFor(() => {
        if (beta.flows("external").length === 0) alpha.ask("-B");
        expect(beta.flows("external"), site.logs).toHaveLength(1);
      }, SETTLED);
    };
    afterEach(() => {
      site.close();
    });

    test.each(KINDS)(
      "over %s: flows that come, go and are asked for again",
      async (_, settings) => {
        await begin(settings);
        await works();
        loadFlows(site.routers.alpha, flowsOf(1));
        await agree(1 + FLOWS);
        site.routers.alpha.exec("conntrack", "-D", "-s", "10.1.0.0/24");
        await agree(1 + FLOWS - 256);
        site.replicators.beta.ask("-f", "external");
        site.replicators.alpha.ask("-B");
        await agree(1 + FLOWS - 256);
        expect(site.replicators.beta.counter(/(\d+) Malformed/)).toBe(0);
      },
    );

    test("over the other link while the first one is cut, and when it is back", async () => {
      await begin(TWO_LINKS);
      loadFlows(site.routers.alpha, flowsOf(1));
      await agree(FLOWS);
      site.routers.alpha.ip("link set sync down");
      loadFlows(site.routers.alpha, flowsOf(2));
      await agree(2 * FLOWS);
      site.routers.alpha.ip("link set sync up");
      loadFlows(site.routers.alpha, flowsOf(3));
      await agree(3 * FLOWS);
    });

    test("what was there before to one that asks when it starts", async () => {
      site = new ReplicationSite(`s${from.slice(0, 1)}`, { alpha: from, beta: to });
      loadFlows(site.routers.alpha, flowsOf(1));
      await site.replicators.alpha.start();
      await site.replicators.beta.start({ mode: "Mode FTFW { StartupResync yes }" });
      await agree(FLOWS);
    });
  },
);
