import { beforeEach, describe, expect, test } from "vitest";
import { instant } from "../../../src/base/time.ts";
import { loadConntrackdConf } from "../../../src/config/conntrackd/load.ts";
import type { ReplicationNews } from "../../../src/daemon/replication-messages.ts";
import { ReplicationWatch } from "../../../src/daemon/replication-watch.ts";
import type { KernelConntrackFacts } from "../../../src/kernel/conntrack-facts.ts";
import type { ReplicationConfig } from "../../../src/replication/config.ts";
import { Replicator } from "../../../src/replication/replicator.ts";
import type { ReplicationView } from "../../../src/replication/view.ts";

const TEXT = `Sync {
  Mode FTFW { }
  UDP {
    IPv4_address 10.255.0.1
    IPv4_Destination_Address 10.255.0.2
    Port 3780
    Interface sync
  }
}
General { HashLimit 1024 }
`;

const config: ReplicationConfig = loadConntrackdConf(
  "/conntrackd.conf",
  { read: () => ({ ok: true, text: TEXT }), glob: () => [] },
  { hostName: "alpha", variables: {} },
).config!;

const FIT: KernelConntrackFacts = {
  max: 1_000,
  buckets: 1_000,
  count: 10,
  tcpBeLiberal: false,
  events: true,
  accounting: false,
  timestamps: false,
};

const START = 1_000_000;
const blank = new Replicator(
  { config, startSequence: 1, seed: 1, peerIsLittleEndian: true },
  instant(START),
).view(instant(START));

let news: ReplicationNews[];
let watch: ReplicationWatch;

beforeEach(() => {
  news = [];
  watch = new ReplicationWatch((one) => news.push(one), instant(START));
});

/** A view `seconds` after the start. */
const view = (seconds: number, given: Partial<ReplicationView>): ReplicationView => ({
  ...blank,
  role: "backup",
  at: instant(START + seconds * 1_000_000),
  ...given,
});

const peer = (state: ReplicationView["peer"]["state"]): Pick<ReplicationView, "peer"> => ({
  peer: { ...blank.peer, state },
});
const tells = (facts: Partial<KernelConntrackFacts>): Pick<ReplicationView, "peer"> => ({
  peer: { ...blank.peer, state: "connected", facts: { ...FIT, ...facts } },
});
const WELL = { ...peer("connected"), isSynchronised: true } as const;

describe("protection", () => {
  test("is told of once when both routers hold the same flows", () => {
    watch.judge(view(1, WELL), FIT, config);
    watch.judge(view(2, WELL), FIT, config);
    expect(news).toEqual([{ type: "synchronised", flows: 0, waitedMs: null }]);
    expect(watch.isSynchronised).toBe(true);
    expect(watch.problems).toEqual([]);
  });

  test("that is lost because the peer fell silent is told of at once, and its return with the time", () => {
    watch.judge(view(1, WELL), FIT, config);
    watch.judge(view(5, peer("silent")), FIT, config);
    watch.judge(view(9, WELL), FIT, config);
    expect(news.map(({ type }) => type)).toEqual([
      "synchronised",
      "lost-protection",
      "synchronised",
    ]);
    expect(news[1]).toMatchObject({ code: "peer-silent" });
    expect(news[2]).toMatchObject({ waitedMs: 4_000 });
  });

  test("that a resync interrupts for a moment shows in the status and is no news", () => {
    watch.judge(view(1, WELL), FIT, config);
    watch.judge(view(2, { ...peer("connected"), isSynchronised: false }), FIT, config);
    expect(watch.isSynchronised).toBe(false);
    expect(watch.problems).toMatchObject([{ code: "flows-missing" }]);
    watch.judge(view(3, WELL), FIT, config);
    expect(news.filter(({ type }) => type === "lost-protection")).toEqual([]);
  });

  test("that never was is told of ten seconds after the start", () => {
    watch.judge(view(9, peer("never-heard")), FIT, config);
    expect(news).toEqual([]);
    watch.judge(view(10, peer("never-heard")), FIT, config);
    expect(news).toMatchObject([{ type: "lost-protection", code: "peer-never-heard" }]);
  });

  test("of an active router needs a peer that is told of everything", () => {
    const active = { ...peer("connected"), role: "active" } as const;
    watch.judge(view(1, { ...active, isResyncing: true }), FIT, config);
    expect(watch.problems).toMatchObject([{ code: "resync-running" }]);
    watch.judge(view(2, active), FIT, config);
    expect(watch.isSynchronised).toBe(true);
  });
});

describe("a kernel", () => {
  const problemsWith = (facts: Partial<KernelConntrackFacts>, given = config): string[] => {
    watch.judge(view(1, WELL), { ...FIT, ...facts }, given);
    return watch.problems.map(({ code }) => code);
  };

  test.each([
    [{ events: false }, "events-off"],
    [{ count: 960 }, "table-full"],
    [{ count: 1_001 }, "table-too-small"],
  ])("with %j has the problem %s, which is told of once", (facts, code) => {
    expect(problemsWith(facts)).toEqual([code]);
    expect(problemsWith(facts)).toEqual([code]);
    expect(news.filter(({ type }) => type === "kernel-unfit")).toHaveLength(1);
  });

  test("that is strict about windows is one only with TCPWindowTracking", () => {
    expect(problemsWith({})).toEqual([]);
    expect(problemsWith({}, { ...config, windowTracking: true })).toEqual(["windows-strict"]);
  });

  test("that does not say is given the benefit of the doubt", () => {
    expect(problemsWith({ max: null, count: null, events: null, tcpBeLiberal: null })).toEqual([]);
  });
});

test("a resync that was sent is told of once", () => {
  const lastResync = { at: instant(START), took: 5_000 as never, entries: 7 };
  watch.judge(view(1, { ...WELL, lastResync }), FIT, config);
  watch.judge(view(2, { ...WELL, lastResync }), FIT, config);
  expect(news.filter(({ type }) => type === "resync")).toEqual([
    { type: "resync", direction: "sent", flows: 7, tookMs: 5 },
  ]);
});

describe("the peer's kernel", () => {
  test("endangers a failover where its table is smaller than what this router has, or reports nothing", () => {
    const flows = { ...blank.flows, internal: { ...blank.flows.internal!, flows: 11 } };
    const small = { ...view(1, tells({ max: 10, events: false })), isSynchronised: true, flows };
    watch.judge(small, FIT, config);
    expect(watch.problems.map(({ code }) => code)).toEqual([
      "peer-events-off",
      "peer-table-too-small",
    ]);
    expect(watch.problems[1]?.text).toMatch("takes 10 flows, and this router has 11");
  });

  test("is no problem where it is fit, or where the peer does not tell", () => {
    watch.judge({ ...view(1, tells({})), isSynchronised: true }, FIT, config);
    expect(watch.problems).toEqual([]);
    watch.judge(view(2, WELL), FIT, config);
    expect(watch.problems).toEqual([]);
  });
});
