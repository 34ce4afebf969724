/** Two routers that replicate to each other, and what happens to them in a failover. */
import { instant, seconds } from "../../src/base/time.ts";
import type { TakeoverEvent } from "../../src/replication/takeover.ts";
import { replicationConfig, SimDuet } from "./replication-duet.ts";
import { flowOf } from "./replication-flow.ts";
import { ReplicationNetwork } from "./replication-network.ts";

export const SECOND = 1_000_000;
export const MILLISECOND = 1000;

/** A pair of routers whose first one is active. */
export class Pair {
  readonly network: ReplicationNetwork;
  readonly a: SimDuet;
  readonly b: SimDuet;

  constructor(seed: number, flows: number, changes: Parameters<typeof replicationConfig>[0] = {}) {
    this.network = new ReplicationNetwork(seed);
    const config = replicationConfig({ purgeTimeout: seconds(5), hashLimit: 65_536, ...changes });
    const make = (index: 0 | 1): SimDuet =>
      new SimDuet(
        {
          config,
          seed: seed + index,
          startSequence: 1000 * (index + 1),
          send: (datagram) => this.network.carry(index, datagram),
        },
        0,
      );
    this.a = make(0);
    this.b = make(1);
    this.network.add(this.a);
    this.network.add(this.b);
    this.a.takeover("finish", 0);
    this.b.takeover("demote", 0);
    for (let number = 0; number < flows; number += 1) this.a.kernel.create(flowOf(number));
    this.run(2 * SECOND);
  }

  run(span: number): void {
    this.network.run(span);
  }

  /** Tells a router of its part in a takeover. */
  tell(router: SimDuet, event: TakeoverEvent): void {
    router.takeover(event, this.network.now);
    this.network.poke(router === this.a ? 0 : 1);
  }

  /** What a router does when its peer falls silent; `patience` is the rest of the master-down time. */
  takeOver(router: SimDuet, patience: number): void {
    this.tell(router, "late");
    this.run(patience);
    this.tell(router, "claim");
    while (!router.replicator.isLoaded) this.run(MILLISECOND);
    this.tell(router, "finish");
  }

  /** The first router is cut off from everything. */
  kill(): void {
    this.network.isCut.fill(true);
    this.a.kernel.listener = undefined;
  }

  /** It comes back with the flows that its kernel kept, as backup that remembers to have been active. */
  revive(): void {
    this.network.isCut.fill(false);
    this.a.restart(this.network.now);
    this.tell(this.a, "demote");
    this.a.replicator.schedulePurge(instant(this.network.now));
  }
}
