import { describe, expect, test } from "vitest";
import { instant } from "../../src/base/time.ts";
import { SimConntrackd } from "./replication-conntrackd.ts";
import { replicationConfig, SimDuet } from "./replication-duet.ts";
import { flowOf } from "./replication-flow.ts";
import type { Send, SimNode } from "./replication-node.ts";

const FLOWS = 30_000;
/** Full datagrams that a socket buffer of 208 KiB, the default of Linux, holds. */
const SOCKET_BUFFER = 90;
/** Datagrams that the receiver takes up per millisecond: fewer than are sent. */
const TAKEN_PER_TURN = 12;
const TURN = 1000;

/** A sender with many flows, and a receiver that is slower than it and has a socket buffer of finite size. */
class SlowPair {
  readonly sender: SimDuet;
  readonly receiver: SimNode;
  dropped = 0;
  now = 0;
  readonly #inbox: Uint8Array[] = [];
  readonly #answers: Uint8Array[] = [];

  constructor(makeReceiver: (send: Send) => SimNode) {
    const config = replicationConfig({ hashLimit: 65_536 });
    const send: Send = (datagram) => {
      if (this.#inbox.length >= SOCKET_BUFFER) this.dropped += 1;
      else this.#inbox.push(datagram);
    };
    this.sender = new SimDuet({ config, seed: 1, startSequence: 1000, send }, 0);
    this.receiver = makeReceiver((datagram) => this.#answers.push(datagram));
    for (let number = 0; number < FLOWS; number += 1) this.sender.kernel.create(flowOf(number));
  }

  /** Runs until the receiver has all flows; returns the milliseconds that took, at most `max`. */
  run(max: number): number {
    for (let turn = 0; turn < max; turn += 1) {
      this.now += TURN;
      this.sender.run(this.now);
      for (const datagram of this.#inbox.splice(0, TAKEN_PER_TURN))
        this.receiver.receive(datagram, this.now);
      this.receiver.run(this.now);
      for (const answer of this.#answers.splice(0)) this.sender.receive(answer, this.now);
      const { flows, isResyncing, lag } = this.sender.replicator.view(instant(this.now));
      if (flows.internal?.flows === FLOWS && !isResyncing && lag.messages === 0) return turn;
    }
    return max;
  }
}

describe("a full resync", () => {
  test.each([
    [
      "another Duet",
      (send: Send): SimNode =>
        new SimDuet(
          { config: replicationConfig({ hashLimit: 65_536 }), seed: 2, startSequence: 9, send },
          0,
        ),
    ],
    [
      "a conntrackd",
      (send: Send): SimNode =>
        new SimConntrackd({ startSequence: 9, resendQueueSize: 131_072, windowSize: 300, send }),
    ],
    [
      "a conntrackd with a large window",
      (send: Send): SimNode =>
        new SimConntrackd({ startSequence: 9, resendQueueSize: 131_072, windowSize: 1200, send }),
    ],
  ])("never overruns %s that is slower than it", { timeout: 60_000 }, (_, makeReceiver) => {
    const pair = new SlowPair(makeReceiver);
    const first = pair.run(20_000);
    expect(first).toBeLessThan(20_000);
    pair.sender.replicator.sendAll(instant(pair.now));
    expect(pair.run(20_000)).toBeLessThan(20_000);
    expect(pair.dropped).toBe(0);
    expect(pair.sender.replicator.view(instant(pair.now)).traffic.repeated).toBe(0);
    expect(pair.receiver.external()).toEqual(pair.sender.internal());
  });
});
