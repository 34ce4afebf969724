/** What one machine says and understands: the real encoder and the real admission, per instance. */
import type { IpAddress } from "../../src/base/ip.ts";
import { Admission, type ReceivedPacket, type Verdict, vridOf } from "../../src/vrrp/admission.ts";
import { type InstanceConfig, instanceKey } from "../../src/vrrp/config.ts";
import type { Member } from "../../src/vrrp/member.ts";
import { Outgoing } from "../../src/vrrp/outgoing.ts";
import { hmac } from "../support/hmac.ts";
import type { Frame } from "./segment.ts";

interface Speaker {
  readonly config: InstanceConfig;
  readonly admission: Admission;
  readonly outgoing: Outgoing;
  lastSource: IpAddress | undefined;
}

export interface Heard {
  readonly instance: string;
  readonly verdict: Verdict;
}

/** What the packets themselves depend on; anything else may change without their memory being lost. */
const wireKey = (config: InstanceConfig): string =>
  JSON.stringify([
    instanceKey(config),
    config.addresses,
    config.interval,
    config.authentication,
    config.version,
  ]);

export class Speakers {
  #speakers: readonly Speaker[] = [];

  configure(instances: readonly InstanceConfig[]): void {
    const known = new Map(this.#speakers.map((speaker) => [wireKey(speaker.config), speaker]));
    this.#speakers = instances.map((config) => {
      const kept = known.get(wireKey(config));
      return {
        config,
        admission: kept?.admission ?? new Admission(config, hmac),
        outgoing: kept?.outgoing ?? new Outgoing(config, hmac),
        lastSource: kept?.lastSource,
      };
    });
  }

  configOf(instance: string): InstanceConfig | undefined {
    return this.#speakers.find(({ config }) => config.name === instance)?.config;
  }

  /** The frames of one advertisement; none while there is no address to send from. */
  frames(
    instance: string,
    priority: number,
    member: Member | undefined,
    wallMicroseconds: number,
  ): Frame[] {
    const speaker = this.#speakers.find(({ config }) => config.name === instance);
    const source = member?.source ?? speaker?.lastSource;
    if (speaker === undefined || source === undefined) return [];
    speaker.lastSource = source;
    const { config, outgoing, admission } = speaker;
    const { oldChecksum, sequenceHeard } = admission;
    outgoing.begin(priority, source, { wallMicroseconds, oldChecksum, sequenceHeard });
    const { transport } = config;
    const destinations =
      transport.type === "multicast"
        ? [transport.group]
        : transport.peers.map(({ address }) => address);
    return destinations.map((destination) => ({
      source,
      destination,
      ttl: 255,
      protocol: 112,
      bytes: outgoing.to(destination).slice(),
    }));
  }

  /** Judges a frame that came in on `link`; undefined when it is for none of our virtual routers. */
  hear(
    link: string,
    frame: Frame,
    memberOf: (instance: string) => Member | undefined,
    wallMicroseconds: number,
  ): Heard | undefined {
    const packet: ReceivedPacket = { ...frame, bytes: viewOf(frame.bytes) };
    const vrid = vridOf(packet);
    const speaker = this.#speakers.find(
      ({ config }) => config.interface === link && config.vrid === vrid,
    );
    if (speaker === undefined) return undefined;
    const { name } = speaker.config;
    const state = memberOf(name)?.state;
    const verdict = speaker.admission.admit(packet, {
      wallSeconds: wallMicroseconds / 1_000_000,
      active: state?.name === "active",
      lastSource: state?.name === "backup" ? state.following?.source : undefined,
    });
    return { instance: name, verdict };
  }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
