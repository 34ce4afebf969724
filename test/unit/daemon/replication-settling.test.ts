import { beforeEach, expect, test } from "vitest";
import type { ReplicationStatus } from "../../../src/control/replication-contract.ts";
import {
  SETTLE_MS,
  type Settlement,
  settleFlows,
  UNHEARD_MS,
} from "../../../src/daemon/replication-settling.ts";
import { QUIET_CHANNEL, QUIET_STATS, REPLICATION } from "../control/flows-fixtures.ts";

let time = 0;
let waiting: { readonly at: number; readonly go: () => void }[] = [];
beforeEach(() => {
  time = 0;
  waiting = [];
});

const pause = async (milliseconds: number): Promise<void> =>
  new Promise((resolve) => waiting.push({ at: time + milliseconds, go: resolve }));

/** Lets virtual time pass until it has settled. */
async function settle(
  statusAt: (time: number) => Promise<ReplicationStatus>,
  link: "running" | "no-carrier" = "running",
): Promise<{ settlement: Settlement; tookMs: number }> {
  let settlement: Settlement | undefined;
  const channels = [{ ...QUIET_CHANNEL, state: link }];
  const replication = {
    status: async () => statusAt(time),
    stats: async () => ({ ...QUIET_STATS, channels }),
  };
  void settleFlows({ replication, now: () => time, pause }).then((came) => (settlement = came));
  for (let turn = 0; turn < 10_000; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- promises run until nothing is left to do
    await Promise.resolve();
    if (settlement !== undefined) return { settlement, tookMs: time };
    if (turn % 20 !== 19) continue;
    const [next] = waiting.toSorted((one, other) => one.at - other.at);
    if (next === undefined) break;
    waiting = waiting.filter((one) => one !== next);
    time = next.at;
    next.go();
  }
  throw new Error("it never settles");
}

const status = (
  synchronised: boolean,
  state: ReplicationStatus["peer"]["state"],
): ReplicationStatus => ({ ...REPLICATION, synchronised, peer: { state, heardMs: null } });

test("waits for the flows of a peer that is heard, and no longer", async () => {
  const came = await settle(async (at) => status(at >= 700, at >= 200 ? "up" : "unknown"));
  expect(came).toEqual({ settlement: "synchronised", tookMs: 700 });
});

test("waits for three seconds at most, also where the peer never finishes", async () => {
  const came = await settle(async () => status(false, "up"));
  expect(came).toEqual({ settlement: "late", tookMs: SETTLE_MS });
});

test("waits for three seconds at most, also where nobody answers", async () => {
  const came = await settle(async () => new Promise(() => {}));
  expect(came).toEqual({ settlement: "late", tookMs: SETTLE_MS });
});

test("gives up where no peer is heard within a second and a half", async () => {
  const came = await settle(async () => status(false, "unknown"));
  expect(came).toEqual({ settlement: "no-peer", tookMs: UNHEARD_MS });
});

test("does not wait at all where no dedicated link works", async () => {
  const came = await settle(async () => status(false, "unknown"), "no-carrier");
  expect(came).toEqual({ settlement: "no-link", tookMs: 0 });
});

test("goes on where the replication cannot say how things are", async () => {
  const came = await settle(async () => {
    throw new Error("the replication thread is gone");
  });
  expect(came).toEqual({ settlement: "unanswered", tookMs: 0 });
});
