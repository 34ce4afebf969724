import { describe, expect, test } from "vitest";
import { instant } from "../../src/base/time.ts";
import { SimConntrackd } from "./replication-conntrackd.ts";
import { RECEIVE_BUFFER, replicationConfig, SimDuet } from "./replication-duet.ts";
import { flowOf } from "./replication-flow.ts";
import type { Send, SimNode } from "./replication-node.ts";

const FLOWS = 30_000;
/** Bytes as SO_RCVBUF tells for RcvSocketBuffer 1249280. */
const LARGE_BUFFER = 2_498_560;
/** One that is smaller than what may be in flight to a peer with room for it. */
const MIDDLE_BUFFER = 600_000;
/** Of them for a full datagram. */
const DATAGRAM_IN_BUFFER = 2_304;
const TURN = 1000;
const PATIENCE = 20_000;

/** How a receiver takes up what arrives. */
interface Taking {
  readonly receiveBuffer: number;
  /** Datagrams per millisecond: fewer than are sent. */
  readonly perTurn: number;
  /** Milliseconds between two looks. */
  readonly pause: number;
}

const BUSY: Taking = { receiveBuffer: RECEIVE_BUFFER, perTurn: 12, pause: 1 };

/** A sender with many flows, and a receiver that is slower than it and has a socket buffer of finite size. */
class SlowPair {
  readonly sender: SimDuet;
  readonly receiver: SimNode;
  dropped = 0;
  now = 0;
  readonly #taking: Taking;
  readonly #inbox: Uint8Array[] = [];
  readonly #answers: Uint8Array[] = [];

  constructor(makeReceiver: (send: Send) => SimNode, taking: Taking) {
    this.#taking = taking;
    const config = replicationConfig({ hashLimit: 65_536 });
    const most = Math.floor(taking.receiveBuffer / DATAGRAM_IN_BUFFER);
    const send: Send = (datagram) => {
      if (this.#inbox.length >= most) this.dropped += 1;
      else this.#inbox.push(datagram);
    };
    this.sender = new SimDuet({ config, seed: 1, startSequence: 1000, send }, 0);
    this.receiver = makeReceiver((datagram) => this.#answers.push(datagram));
    for (let number = 0; number < FLOWS; number += 1) this.sender.kernel.create(flowOf(number));
  }

  /** Runs until the receiver has all flows; returns the milliseconds that took, at most `max`. */
  run(max: number): number {
    const { perTurn, pause } = this.#taking;
    for (let turn = 0; turn < max; turn += 1) {
      this.now += TURN;
      this.sender.run(this.now);
      const taken = turn % pause === 0 ? this.#inbox.splice(0, perTurn * pause) : [];
      for (const datagram of taken) this.receiver.receive(datagram, this.now);
      this.receiver.run(this.now);
      for (const answer of this.#answers.splice(0)) this.sender.receive(answer, this.now);
      const { flows, isResyncing, lag } = this.sender.replicator.view(instant(this.now));
      if (flows.internal?.flows === FLOWS && !isResyncing && lag.messages === 0) return turn;
    }
    return max;
  }

  /** Milliseconds that a full resync takes. */
  resync(): number {
    this.sender.replicator.sendAll(instant(this.now));
    return this.run(PATIENCE);
  }
}

const duet =
  (receiveBuffer: number) =>
  (send: Send): SimNode => {
    const config = replicationConfig({ hashLimit: 65_536 });
    return new SimDuet({ config, seed: 2, startSequence: 9, send, receiveBuffer }, 0);
  };

const conntrackd =
  (windowSize: number) =>
  (send: Send): SimNode =>
    new SimConntrackd({ startSequence: 9, resendQueueSize: 131_072, windowSize, send });

describe("a full resync", () => {
  test.each<[string, (send: Send) => SimNode, Taking]>([
    ["another Duet", duet(RECEIVE_BUFFER), BUSY],
    ["a conntrackd", conntrackd(300), BUSY],
    ["a conntrackd with a large window", conntrackd(1200), BUSY],
    [
      "a Duet with larger buffers that looks every 10 ms",
      duet(MIDDLE_BUFFER),
      { receiveBuffer: MIDDLE_BUFFER, perTurn: 12, pause: 10 },
    ],
    [
      "a Duet with large buffers behind a line of 6 Mbit/s",
      duet(LARGE_BUFFER),
      { receiveBuffer: LARGE_BUFFER, perTurn: 0.5, pause: 2 },
    ],
  ])("never overruns %s that is slower than it", { timeout: 60_000 }, (_, receiver, taking) => {
    const pair = new SlowPair(receiver, taking);
    expect(pair.run(PATIENCE)).toBeLessThan(PATIENCE);
    expect(pair.resync()).toBeLessThan(PATIENCE);
    expect(pair.dropped).toBe(0);
    expect(pair.sender.replicator.view(instant(pair.now)).traffic.repeated).toBe(0);
    expect(pair.receiver.external()).toEqual(pair.sender.internal());
  });

  test("takes less time where the peer has room for more", { timeout: 60_000 }, () => {
    const took = [RECEIVE_BUFFER, LARGE_BUFFER].map((receiveBuffer) => {
      const pair = new SlowPair(duet(receiveBuffer), { receiveBuffer, perTurn: 50, pause: 10 });
      pair.run(PATIENCE);
      expect(pair.resync()).toBeLessThan(PATIENCE);
      return pair.resync();
    }) as [number, number];
    expect(took[1]).toBeLessThan(took[0] / 3);
  });
});
