/** Packets as a raw socket would deliver them, made by the sending side and then spoilt by hand. */
import { type IpAddress, ipFamily } from "../../src/base/ip.ts";
import type { AdmissionContext, ReceivedPacket } from "../../src/vrrp/admission.ts";
import type { InstanceConfig } from "../../src/vrrp/config.ts";
import { Outgoing } from "../../src/vrrp/outgoing.ts";
import { IPV4_HEADER_SIZE } from "../../src/wire/ipv4.ts";
import { writeChecksum } from "../../src/wire/vrrp.ts";
import { viewOf } from "./bytes.ts";
import { hmac } from "./hmac.ts";
import { ip } from "./vrrp-config.ts";

/** 2026-11-22 19:00:00 UTC, in seconds. */
export const NOW = 1_795_374_000;

export const CONTEXT: AdmissionContext = {
  wallSeconds: NOW,
  active: false,
  lastSource: undefined,
};

export interface SendOptions {
  readonly priority?: number;
  readonly source?: IpAddress;
  readonly destination?: IpAddress;
  readonly wallSeconds?: number;
  readonly oldChecksum?: boolean;
}

const groupOf = ({ transport, family }: InstanceConfig): IpAddress =>
  transport.type === "multicast" ? transport.group : ip(family === 4 ? "192.0.2.2" : "fe80::2");

/** A router that sends, from 192.0.2.1 or fe80::1 to the group or to 192.0.2.2 or fe80::2 unless told otherwise. */
export class Sender {
  readonly #config: InstanceConfig;
  readonly #outgoing: Outgoing;

  constructor(config: InstanceConfig) {
    this.#config = config;
    this.#outgoing = new Outgoing(config, hmac);
  }

  send(options: SendOptions = {}): ReceivedPacket {
    const source = options.source ?? ip(this.#config.family === 4 ? "192.0.2.1" : "fe80::1");
    const destination = options.destination ?? groupOf(this.#config);
    const context = {
      wallMicroseconds: (options.wallSeconds ?? NOW) * 1_000_000,
      oldChecksum: options.oldChecksum ?? false,
      sequenceHeard: 0,
    };
    const priority = options.priority ?? 100;
    const bytes = this.#outgoing.datagram(priority, source, destination, context);
    return {
      source,
      destination,
      ttl: 255,
      protocol: this.#config.authentication.type === "header" ? 51 : 112,
      bytes: viewOf(Uint8Array.from(bytes)),
    };
  }
}

export const sent = (config: InstanceConfig, options: SendOptions = {}): ReceivedPacket =>
  new Sender(config).send(options);

const copyOf = ({ bytes }: ReceivedPacket): Uint8Array =>
  Uint8Array.from(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));

const pduOffset = ({ source }: ReceivedPacket): number =>
  ipFamily(source) === 4 ? IPV4_HEADER_SIZE : 0;

/** The packet with bytes of its advertisement replaced; the checksum is as it was. */
export function patched(
  packet: ReceivedPacket,
  replacements: Readonly<Record<number, number>>,
): ReceivedPacket {
  const copy = copyOf(packet);
  for (const [at, byte] of Object.entries(replacements))
    copy[pduOffset(packet) + Number(at)] = byte;
  return { ...packet, bytes: viewOf(copy) };
}

/** Like `patched`, with the version 2 checksum made right again. */
export function forged(
  packet: ReceivedPacket,
  replacements: Readonly<Record<number, number>>,
): ReceivedPacket {
  const forgery = patched(packet, replacements);
  writeChecksum(new DataView(forgery.bytes.buffer, pduOffset(packet)), 0);
  return forgery;
}

/** The packet cut or extended with zeros by `change` bytes, the length in its IPv4 header following. */
export function resized(packet: ReceivedPacket, change: number): ReceivedPacket {
  const copy = new Uint8Array(packet.bytes.byteLength + change);
  copy.set(copyOf(packet).subarray(0, copy.length));
  const bytes = viewOf(copy);
  if (pduOffset(packet) > 0) bytes.setUint16(2, copy.length);
  return { ...packet, bytes };
}
