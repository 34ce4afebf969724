/**
 * The sockets that instances speak and listen through. Instances share a receiver where interface, family, group and
 * protocol are the same, and are told apart by VRID, as keepalived does.
 */
import type { Hmac } from "../base/crypto.ts";
import type { IpAddress } from "../base/ip.ts";
import { after, type Duration, type Instant, seconds } from "../base/time.ts";
import type { Reactor } from "../kernel/reactor.ts";
import {
  type VrrpPacket,
  type VrrpProtocol,
  VrrpReceiver,
  VrrpSender,
} from "../kernel/vrrp-socket.ts";
import { Admission, vridOf } from "../vrrp/admission.ts";
import { type InstanceConfig, instanceKey } from "../vrrp/config.ts";
import type { RouterEvent } from "../vrrp/events.ts";
import type { Member } from "../vrrp/member.ts";
import { Outgoing } from "../vrrp/outgoing.ts";
import { troubleOf } from "./announcer.ts";
import type { InterfaceTable } from "./interface-table.ts";
import type { Trouble } from "./thread-messages.ts";

/** A receiver that cannot be opened is tried again after this long. */
const RETRY_PAUSE: Duration = seconds(5);
/** Packets read from one socket before the others get their turn. */
const INGRESS_MAX = 64;

interface Listener {
  readonly receiver: VrrpReceiver;
  readonly byVrid: Map<number, Speaker>;
}

/** One instance with its codec state, its sockets and what it was opened for. */
interface Speaker {
  readonly config: InstanceConfig;
  readonly admission: Admission;
  readonly outgoing: Outgoing;
  sender: { readonly socket: VrrpSender; readonly path: string } | undefined;
  /** Source of the last advertisement: a removed instance still has to resign from it. */
  lastSource: IpAddress | undefined;
  /** Why its receiver cannot be opened, as the core was told. */
  deaf: string | undefined;
}

export interface SpeakerContext {
  readonly reactor: Reactor;
  readonly interfaces: InterfaceTable;
  readonly hmac: Hmac;
  /** The core's member of that name: its role and its source address. */
  readonly memberOf: (instance: string) => Member | undefined;
  readonly deliver: (event: RouterEvent) => void;
  readonly unknownVrid: (vrid: number, source: IpAddress) => void;
  readonly complain: (trouble: Trouble) => void;
  readonly now: () => Instant;
  /** Wall clock in microseconds since 1970. */
  readonly wallClock: () => number;
}

export class Speakers {
  readonly #context: SpeakerContext;
  readonly #speakers = new Map<string, Speaker>();
  readonly #listeners = new Map<string, Listener>();
  /** When receivers that could not be opened are tried again. */
  #retryAt: Instant | undefined;

  constructor(context: SpeakerContext) {
    this.#context = context;
  }

  /** Takes over a configuration. Instances that stay the same keep their replay memory and sequence numbers. */
  configure(instances: readonly InstanceConfig[]): void {
    const before = new Map(
      [...this.#speakers.values()].map((speaker) => [instanceKey(speaker.config), speaker]),
    );
    this.#speakers.clear();
    for (const config of instances) {
      const predecessor = before.get(instanceKey(config));
      before.delete(instanceKey(config));
      this.#speakers.set(config.name, this.#newSpeaker(config, predecessor));
    }
    for (const { sender } of before.values()) sender?.socket.close();
    this.refresh();
  }

  deadline(): Instant | undefined {
    return this.#retryAt;
  }

  wake(now: Instant): void {
    if (this.#retryAt !== undefined && now >= this.#retryAt) this.refresh();
  }

  /** Opens what can be opened now and closes what nobody wants any more. Call it after interfaces or addresses changed. */
  refresh(): void {
    this.#retryAt = undefined;
    const wanted = new Map<string, Speaker[]>();
    for (const speaker of this.#speakers.values()) {
      const path = this.#receivePath(speaker);
      if (path !== undefined) wanted.set(path, [...(wanted.get(path) ?? []), speaker]);
    }
    for (const [path, { receiver }] of this.#listeners) {
      if (wanted.has(path)) continue;
      this.#context.reactor.unwatch(receiver.fd);
      receiver.close();
      this.#listeners.delete(path);
    }
    for (const [path, speakers] of wanted) {
      const byVrid = new Map(speakers.map((speaker) => [speaker.config.vrid, speaker]));
      const known = this.#listeners.get(path);
      if (known === undefined) this.#tellHearing(speakers, this.#listen(path, speakers[0], byVrid));
      else {
        known.byVrid.clear();
        for (const [vrid, speaker] of byVrid) known.byVrid.set(vrid, speaker);
        this.#tellHearing(speakers, undefined);
      }
    }
  }

  /** Who cannot hear must not be Active: the core is told, and it is tried again. */
  #tellHearing(speakers: readonly Speaker[], reason: string | undefined): void {
    if (reason !== undefined) this.#retryAt = after(this.#context.now(), RETRY_PAUSE);
    for (const speaker of speakers) {
      if (speaker.deaf === reason) continue;
      speaker.deaf = reason;
      this.#context.deliver({ type: "deaf", instance: speaker.config.name, reason });
    }
  }

  /** Joins multicast groups again on an interface that came back: leaving them is silent. */
  rejoin(name: string): void {
    for (const [path, { receiver }] of this.#listeners) {
      if (!path.startsWith(`${name} `)) continue;
      try {
        receiver.rejoin();
      } catch (error) {
        // The interface may have gone since the kernel told of it; its listener is closed when that is told, too.
        this.#context.complain(troubleOf("listen", `VRRP on ${name}`, error));
      }
    }
  }

  /** Sends one advertisement, to the group or to every peer. Failures are reported, not thrown. */
  advertise(instance: string, priority: number): void {
    const speaker = this.#speakers.get(instance);
    const source = this.#context.memberOf(instance)?.source ?? speaker?.lastSource;
    if (speaker === undefined || source === undefined) return;
    speaker.lastSource = source;
    const { config, outgoing, admission } = speaker;
    try {
      const socket = this.#sender(speaker, source);
      if (socket === undefined) return;
      outgoing.begin(priority, source, {
        wallMicroseconds: this.#context.wallClock(),
        oldChecksum: admission.oldChecksum,
        sequenceHeard: admission.sequenceHeard,
      });
      for (const destination of destinationsOf(config))
        socket.send(outgoing.to(destination), destination);
    } catch (error) {
      this.#context.complain(troubleOf("advertise", `${instance} on ${config.interface}`, error));
    }
  }

  close(): void {
    for (const { receiver } of this.#listeners.values()) {
      this.#context.reactor.unwatch(receiver.fd);
      receiver.close();
    }
    for (const { sender } of this.#speakers.values()) sender?.socket.close();
    this.#listeners.clear();
    this.#speakers.clear();
  }

  #newSpeaker(config: InstanceConfig, predecessor: Speaker | undefined): Speaker {
    const { hmac } = this.#context;
    return {
      config,
      admission: new Admission(config, hmac, predecessor?.admission),
      outgoing: new Outgoing(config, hmac, predecessor?.outgoing),
      sender: predecessor?.sender,
      lastSource: predecessor?.lastSource,
      deaf: predecessor?.deaf,
    };
  }

  /** What identifies the socket an instance listens on; undefined while it cannot listen. */
  #receivePath({ config }: Speaker): string | undefined {
    const link = this.#context.interfaces.link(config.interface);
    if (link === undefined) return undefined;
    const { transport, family } = config;
    const source =
      transport.type === "multicast"
        ? transport.group
        : this.#context.memberOf(config.name)?.source;
    if (source === undefined) return undefined;
    return [config.interface, link.index, family, protocolOf(config), transport.type, source].join(
      " ",
    );
  }

  /** Why it could not be opened, or undefined when all is well. */
  #listen(
    path: string,
    first: Speaker | undefined,
    byVrid: Map<number, Speaker>,
  ): string | undefined {
    const link =
      first === undefined ? undefined : this.#context.interfaces.link(first.config.interface);
    if (first === undefined || link === undefined) return undefined;
    const { family, transport, interface: name } = first.config;
    const source = this.#context.memberOf(first.config.name)?.source;
    if (transport.type === "unicast" && source === undefined) return undefined;
    try {
      const receiver = VrrpReceiver.open({
        family,
        protocol: protocolOf(first.config),
        interface: name,
        index: link.index,
        transport:
          transport.type === "multicast"
            ? transport
            : { type: "unicast", source: source as IpAddress },
      });
      const listener: Listener = { receiver, byVrid };
      this.#listeners.set(path, listener);
      this.#context.reactor.watch(receiver.fd, () => this.#drain(listener));
      return undefined;
    } catch (error) {
      return `cannot listen: ${troubleOf("listen", name, error).text}`;
    }
  }

  #drain({ receiver, byVrid }: Listener): boolean {
    const wallSeconds = Math.floor(this.#context.wallClock() / 1_000_000);
    const count = receiver.receive(
      (packet) => this.#hear(packet, byVrid, wallSeconds),
      INGRESS_MAX,
    );
    return count < INGRESS_MAX;
  }

  #hear(packet: VrrpPacket, byVrid: ReadonlyMap<number, Speaker>, wallSeconds: number): void {
    const vrid = vridOf(packet);
    const speaker = vrid === undefined ? undefined : byVrid.get(vrid);
    if (speaker === undefined) {
      this.#context.unknownVrid(vrid ?? 0, packet.source);
      return;
    }
    const { name } = speaker.config;
    const state = this.#context.memberOf(name)?.state;
    const lastSource = state?.name === "backup" ? state.following?.source : undefined;
    const active = state?.name === "active";
    const verdict = speaker.admission.admit(packet, { wallSeconds, active, lastSource });
    const { source } = packet;
    if (verdict.ok)
      this.#context.deliver({
        type: "advertisement",
        instance: name,
        source,
        heard: verdict.heard,
      });
    else this.#context.deliver({ type: "refused", instance: name, reason: verdict.reason, source });
  }

  #sender(speaker: Speaker, source: IpAddress): VrrpSender | undefined {
    const { config } = speaker;
    const { virtualMac } = config;
    const name =
      virtualMac === undefined || virtualMac.transmitFromBase
        ? config.interface
        : virtualMac.interface;
    const link = this.#context.interfaces.link(name);
    if (link === undefined) return undefined;
    const { transport } = config;
    const ttl = transport.type === "unicast" ? transport.ttl : undefined;
    const protocol = protocolOf(config);
    const path = [name, link.index, source, protocol, ttl].join(" ");
    if (speaker.sender?.path === path) return speaker.sender.socket;
    speaker.sender?.socket.close();
    speaker.sender = undefined;
    const socket = VrrpSender.open({
      family: config.family,
      protocol,
      interface: name,
      index: link.index,
      source,
      ...(ttl === undefined ? {} : { hopLimit: ttl }),
    });
    speaker.sender = { socket, path };
    return socket;
  }
}

/** The Authentication Header has an IP protocol number of its own. */
const protocolOf = ({ authentication }: InstanceConfig): VrrpProtocol =>
  authentication.type === "header" ? 51 : 112;

const destinationsOf = ({ transport }: InstanceConfig): readonly IpAddress[] =>
  transport.type === "multicast"
    ? [transport.group]
    : transport.peers.map(({ address }) => address);
