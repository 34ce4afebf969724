/**
 * Asks the whole segment who has an address and collects every hardware address that answers, not just the first. The
 * question is an ARP Probe (RFC 5227 section 1.1) from a hardware address that nobody has: the answers come to a port of
 * the switch but to no neighbour table, so that asking changes nothing of what is measured beside it.
 */
import { anyAddress, type IpAddress } from "../../base/ip.ts";
import { BROADCAST_MAC, type Mac, parseMac } from "../../base/mac.ts";
import { after, type Duration, type Instant, microseconds } from "../../base/time.ts";
import { ARP_REPLY, ARP_REQUEST, decodeArp, encodeArp } from "../../wire/arp.ts";
import type { ProbePlan } from "./probe-plan.ts";
import { ProbeSocket } from "./probe-socket.ts";

const NOBODY = parseMac("00:00:00:00:00:00") as Mac;

export interface Owners {
  readonly at: Instant;
  readonly macs: readonly Mac[];
}

export class ArpProbe {
  readonly name: string;
  readonly #asker: Mac;
  readonly #target: IpAddress;
  readonly #every: Duration;
  readonly #socket: ProbeSocket;
  #dueAt: Instant;
  #askedAt: Instant | undefined;
  #heard = new Set<Mac>();
  #known: string | undefined;

  /** `index` is the interface to ask on, `asker` the invented hardware address. */
  constructor(plan: ProbePlan, index: number, asker: Mac, startAt: Instant) {
    this.name = plan.name;
    this.#asker = asker;
    this.#target = plan.target;
    this.#every = microseconds(plan.everyUs);
    this.#socket = ProbeSocket.open({ kind: "arp", index });
    this.#dueAt = startAt;
  }

  get fd(): number {
    return this.#socket.fd;
  }

  get dueAt(): Instant {
    return this.#dueAt;
  }

  /** Asks if it is time, and returns who answered the question before if that is another set than the one before it. */
  wake(now: Instant): Owners | undefined {
    if (now < this.#dueAt) return undefined;
    const next = after(this.#dueAt, this.#every);
    this.#dueAt = next > now ? next : after(now, this.#every);
    const change = this.#conclude();
    this.#askedAt = now;
    this.#ask();
    return change;
  }

  receive(): boolean {
    return this.#socket.receive((frame) => {
      const arp = decodeArp(frame);
      if (!arp.ok || arp.value.operation !== ARP_REPLY) return;
      const { destination, senderAddress, senderMac } = arp.value;
      if (destination === this.#asker && senderAddress === this.#target) this.#heard.add(senderMac);
    });
  }

  #conclude(): Owners | undefined {
    const at = this.#askedAt;
    if (at === undefined) return undefined;
    const macs = [...this.#heard].toSorted();
    this.#heard = new Set();
    const key = macs.join();
    if (key === this.#known) return undefined;
    this.#known = key;
    return { at, macs };
  }

  #ask(): void {
    const question = {
      destination: BROADCAST_MAC,
      source: this.#asker,
      operation: ARP_REQUEST,
      senderMac: this.#asker,
      senderAddress: anyAddress(4),
      targetMac: NOBODY,
      targetAddress: this.#target,
    };
    this.#socket.send(encodeArp(question, this.#socket.out));
  }
}
