/** Numbered questions that something must answer: UDP to an echo service, or ICMP echo requests (RFC 792). */
import { internetChecksum } from "../../base/checksum.ts";
import { after, type Duration, type Instant, microseconds, milliseconds } from "../../base/time.ts";
import { type Gap, GapMeter, type Tally } from "../gap-meter.ts";
import type { ProbePlan } from "./probe-plan.ts";
import { ProbeSocket } from "./probe-socket.ts";
import { ECHO_PORT } from "./services.ts";

/** An answer later than this counts as none. */
const TIMEOUT: Duration = milliseconds(100);

// The sequence number is a 32-bit integer: at the start of a UDP payload, after the 8 bytes of an ICMP header.
const PAYLOAD_SIZE = 32;
const ICMP_HEADER_SIZE = 8;
const ICMP_SIZE = ICMP_HEADER_SIZE + PAYLOAD_SIZE;
const AT_ICMP_TYPE = 0;
const AT_ICMP_CHECKSUM = 2;
const AT_ICMP_ID = 4;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;

export class EchoProbe {
  readonly name: string;
  readonly #kind: "udp" | "icmp";
  readonly #identifier: number;
  readonly #every: Duration;
  readonly #socket: ProbeSocket;
  readonly #meter = new GapMeter(TIMEOUT);
  #dueAt: Instant;

  /** `identifier` (16 bits) tells this process's ICMP answers from others. */
  constructor(plan: ProbePlan, identifier: number, startAt: Instant) {
    this.name = plan.name;
    this.#kind = plan.kind === "icmp" ? "icmp" : "udp";
    this.#identifier = identifier;
    this.#every = microseconds(plan.everyUs);
    this.#socket = ProbeSocket.open(
      this.#kind === "icmp"
        ? { kind: "icmp", target: plan.target }
        : { kind: "udp", target: plan.target, port: ECHO_PORT },
    );
    this.#dueAt = startAt;
  }

  get fd(): number {
    return this.#socket.fd;
  }

  get dueAt(): Instant {
    return this.#dueAt;
  }

  /** Sends if it is time. A late sender goes on from now, because a burst would tell nothing new. */
  wake(now: Instant): void {
    if (now < this.#dueAt) return;
    const next = after(this.#dueAt, this.#every);
    this.#dueAt = next > now ? next : after(now, this.#every);
    const sequence = this.#meter.sent(now) % 0x1_0000_0000;
    const { out } = this.#socket;
    if (this.#kind === "udp") {
      out.setUint32(0, sequence);
      this.#socket.send(PAYLOAD_SIZE);
    } else {
      writeEchoRequest(out, this.#identifier, sequence);
      this.#socket.send(ICMP_SIZE);
    }
  }

  receive(): boolean {
    return this.#socket.receive((datagram) => {
      const sequence =
        this.#kind === "udp" ? readUdp(datagram) : readEchoReply(datagram, this.#identifier);
      if (sequence !== undefined) this.#meter.answered(sequence);
    });
  }

  settle(now: Instant): readonly Gap[] {
    return this.#meter.settle(now);
  }

  tally(): Tally {
    return this.#meter.tally();
  }
}

function writeEchoRequest(out: DataView, identifier: number, sequence: number): void {
  out.setUint32(AT_ICMP_TYPE, ECHO_REQUEST << 24);
  out.setUint16(AT_ICMP_ID, identifier);
  out.setUint16(AT_ICMP_ID + 2, sequence & 0xffff);
  out.setUint32(ICMP_HEADER_SIZE, sequence);
  out.setUint16(AT_ICMP_CHECKSUM, internetChecksum(out, 0, ICMP_SIZE));
}

const readUdp = (datagram: DataView): number | undefined =>
  datagram.byteLength < 4 ? undefined : datagram.getUint32(0);

/** A raw socket hands over whole IPv4 packets, of everybody's ICMP. */
function readEchoReply(packet: DataView, identifier: number): number | undefined {
  if (packet.byteLength < 20) return undefined;
  const start = (packet.getUint8(0) & 0x0f) * 4;
  if (packet.byteLength < start + ICMP_SIZE) return undefined;
  if (packet.getUint8(start + AT_ICMP_TYPE) !== ECHO_REPLY) return undefined;
  if (packet.getUint16(start + AT_ICMP_ID) !== identifier) return undefined;
  return packet.getUint32(start + ICMP_HEADER_SIZE);
}
