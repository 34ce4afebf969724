/** Tells the neighbours where the virtual addresses are: gratuitous ARP and unsolicited neighbour advertisements. */
import { type IpAddress, ipFamily } from "../base/ip.ts";
import { after, type Duration, type Instant, instant, seconds } from "../base/time.ts";
import type { PacketSocket } from "../kernel/packet-socket.ts";
import { readSysctl } from "../kernel/sysctl.ts";
import type { InstanceConfig } from "../vrrp/config.ts";
import type { Burst } from "../vrrp/events.ts";
import { Pacer } from "../vrrp/pacing.ts";
import { ARP_FRAME_SIZE, encodeGratuitousArp } from "../wire/arp.ts";
import { encodeUnsolicitedAdvertisement, NA_FRAME_SIZE } from "../wire/ndp.ts";
import type { InterfaceTable } from "./interface-table.ts";
import type { Trouble } from "./thread-messages.ts";

interface Frame {
  readonly instance: string;
  readonly interface: string;
  readonly address: IpAddress;
}

/** Forwarding is looked up again after this long: it decides the router flag of neighbour advertisements. */
const FORWARDING_FRESH: Duration = seconds(5);

export class Announcer {
  readonly #socket: PacketSocket;
  readonly #interfaces: InterfaceTable;
  readonly #complain: (trouble: Trouble) => void;
  readonly #pacer = new Pacer<Frame>();
  readonly #bytes = new Uint8Array(Math.max(ARP_FRAME_SIZE, NA_FRAME_SIZE));
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #forwarding = new Map<string, { readonly on: boolean; readonly until: Instant }>();
  #instances = new Map<string, InstanceConfig>();
  #now: Instant = instant(0);

  constructor(
    socket: PacketSocket,
    interfaces: InterfaceTable,
    complain: (trouble: Trouble) => void,
  ) {
    this.#socket = socket;
    this.#interfaces = interfaces;
    this.#complain = complain;
  }

  configure(instances: readonly InstanceConfig[]): void {
    this.#instances = new Map(instances.map((instance) => [instance.name, instance]));
  }

  /** Sends (or queues, where a distance is configured) the bursts round by round; returns the number of frames. */
  announce(bursts: readonly Burst[], now: Instant): number {
    this.#now = now;
    const rounds = Math.max(0, ...bursts.map((burst) => burst.rounds));
    let count = 0;
    for (let round = 0; round < rounds; round += 1)
      for (const burst of bursts) if (round < burst.rounds) count += this.#round(burst.instance);
    return count;
  }

  /** One announcement of an address that is not a virtual one: a unicast instance's own source. */
  announceAddress(name: string, address: IpAddress, now: Instant): void {
    this.#now = now;
    this.#send({ instance: "", interface: name, address });
  }

  deadline(): Instant | undefined {
    return this.#pacer.deadline();
  }

  wake(now: Instant): void {
    this.#now = now;
    for (const frame of this.#pacer.due(now, (item) => this.#spacing(item))) this.#send(frame);
  }

  /** Forgets queued frames of instances that gave their addresses back. */
  silence(instances: readonly string[]): void {
    this.#pacer.drop(({ instance }) => instances.includes(instance));
  }

  #round(instance: string): number {
    const config = this.#instances.get(instance);
    if (config === undefined) return 0;
    const addresses = [...config.addresses, ...config.excluded];
    for (const { spec } of addresses) {
      const frame = { instance, interface: spec.interface, address: spec.address };
      const lane = `${spec.interface} ${ipFamily(spec.address)}`;
      if (this.#pacer.admit(lane, frame, this.#spacing(frame), this.#now)) this.#send(frame);
    }
    return addresses.length;
  }

  #spacing({ instance, address }: Frame): Duration {
    const announcements = this.#instances.get(instance)?.announcements;
    const spacing =
      ipFamily(address) === 4 ? announcements?.arpInterval : announcements?.naInterval;
    return spacing ?? (0 as Duration);
  }

  #send({ interface: name, address }: Frame): void {
    const link = this.#interfaces.link(name);
    if (link?.mac === undefined || !this.#interfaces.resolves(name)) return;
    const size =
      ipFamily(address) === 4
        ? encodeGratuitousArp(link.mac, address, this.#view)
        : encodeUnsolicitedAdvertisement(
            { mac: link.mac, address, router: this.#forwards(name) },
            this.#view,
          );
    try {
      this.#socket.send(link.index, this.#bytes.subarray(0, size));
    } catch (error) {
      this.#complain(troubleOf("announce", `${address} on ${name}`, error));
    }
  }

  #forwards(name: string): boolean {
    const known = this.#forwarding.get(name);
    if (known !== undefined && this.#now < known.until) return known.on;
    const on = readForwarding(name);
    this.#forwarding.set(name, { on, until: after(this.#now, FORWARDING_FRESH) });
    return on;
  }
}

function readForwarding(name: string): boolean {
  try {
    return readSysctl(`net/ipv6/conf/${name}/forwarding`) !== "0";
  } catch {
    // No such parameter: IPv6 is switched off there, and so is forwarding.
    return false;
  }
}

/** An error of the kernel layer as a message for the main thread. */
export function troubleOf(call: string, subject: string, error: unknown): Trouble {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  const text = error instanceof Error ? error.message : String(error);
  return { call, subject, code, text };
}
