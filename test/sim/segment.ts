/** An Ethernet segment that loses, repeats, delays and reorders frames, and is cut in one direction or both. */
import type { IpAddress } from "../../src/base/ip.ts";
import { isMulticast } from "../../src/base/ip.ts";
import type { Prng } from "../../src/base/random.ts";
import type { ReceivedPacket } from "../../src/vrrp/admission.ts";
import type { Agenda } from "./agenda.ts";

/** The longest a frame is under way, in microseconds; the bound on two Active routers counts with it. */
export const DELAY_MAX = 400_000;
const DELAY_MIN = 40;
const DELAY_USUAL = 300;

export interface Frame {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly ttl: number;
  readonly protocol: ReceivedPacket["protocol"];
  readonly bytes: Uint8Array;
}

/** Where a machine is plugged in. */
export interface Port {
  readonly machine: string;
  readonly addresses: readonly IpAddress[];
  carrier: boolean;
  /** A frame has arrived. False: there was no room for it. */
  receive(frame: Frame): boolean;
}

export class Segment {
  readonly name: string;
  readonly ports: Port[] = [];
  lossPercent = 0;
  duplicatePercent = 0;
  /** Frames take up to this many microseconds; long delays overtake each other. */
  delay = DELAY_USUAL;
  /** "a>b": nothing that a sends reaches b. */
  readonly blocked = new Set<string>();
  /** What was last sent, for those who forge and replay. */
  last: Frame | undefined;
  /** True time when a frame from one machine to another was last lost, by "a>b". */
  readonly lostAt = new Map<string, number>();
  readonly #agenda: Agenda;
  readonly #prng: Prng;

  constructor(name: string, agenda: Agenda, prng: Prng) {
    this.name = name;
    this.#agenda = agenda;
    this.#prng = prng;
  }

  mend(): void {
    this.lossPercent = 0;
    this.duplicatePercent = 0;
    this.delay = DELAY_USUAL;
    this.blocked.clear();
    for (const port of this.ports) port.carrier = true;
  }

  transmit(from: Port, frame: Frame): void {
    this.last = frame;
    for (const port of this.ports) {
      if (port === from) continue;
      if (!isMulticast(frame.destination) && !port.addresses.includes(frame.destination)) continue;
      const path = `${from.machine}>${port.machine}`;
      if (!from.carrier || this.blocked.has(path) || this.#prng.chance(this.lossPercent))
        this.lostAt.set(path, this.#agenda.now);
      else this.#send(port, frame, path);
    }
  }

  /** Time of the last loss between two machines in either direction; -1 when there was none. */
  lastLoss(a: string, b: string): number {
    return Math.max(this.lostAt.get(`${a}>${b}`) ?? -1, this.lostAt.get(`${b}>${a}`) ?? -1);
  }

  #send(port: Port, frame: Frame, path: string): void {
    const copies = this.#prng.chance(this.duplicatePercent) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delay = DELAY_MIN + this.#prng.below(this.delay);
      this.#agenda.plan(this.#agenda.now + delay, () => {
        if (!port.carrier || !port.receive(frame)) this.lostAt.set(path, this.#agenda.now);
      });
    }
  }
}
