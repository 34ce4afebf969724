/** From a frame of a VRRP router to what it says; nothing is refused here but what cannot be read. */
import { type IpAddress, type IpFamily } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import { centiseconds, seconds } from "../../base/time.ts";
import { decodeEthernetHeader, ETHERNET_HEADER_SIZE, ETHERTYPE_IPV6 } from "../../wire/ethernet.ts";
import { decodeIpv4Header, PROTOCOL_AH } from "../../wire/ipv4.ts";
import { decodeIpv6Header, IPV6_HEADER_SIZE } from "../../wire/ipv6.ts";
import {
  type Advertisement,
  AUTHENTICATION_NONE,
  decodeAdvertisement,
  statedSize,
} from "../../wire/vrrp.ts";
import { AH_SIZE, decodeTrailer, TRAILER_SIZE } from "../../wire/vrrp-auth.ts";
import type { SpeakerSeen } from "./snapshot.ts";

/** What lies around an advertisement. */
interface Envelope {
  readonly mac: Mac;
  readonly family: IpFamily;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly ttl: number;
  /** With an authentication header before the advertisement. */
  readonly hasHeader: boolean;
  /** The advertisement and what follows it inside the packet. */
  readonly body: DataView;
}

/** Undefined for what is no advertisement. `wallSeconds` is the time of day in seconds since 1970, UTC. */
export function readSpeaker(
  frame: DataView,
  device: string,
  wallSeconds: number,
): SpeakerSeen | undefined {
  const envelope = readEnvelope(frame);
  if (envelope === undefined) return undefined;
  const { body, family, hasHeader, mac, source, destination, ttl } = envelope;
  const size = statedSize(body, 0, family);
  if (!size.ok || size.value > body.byteLength) return undefined;
  const advertisement = decodeAdvertisement(part(body, 0, size.value), family);
  if (!advertisement.ok) return undefined;
  const isSigned = body.byteLength === size.value + TRAILER_SIZE;
  const trailer = isSigned ? decodeTrailer(body, size.value) : undefined;
  const signature = trailer?.ok === true ? trailer.value : undefined;
  const { version, vrid, priority, addresses } = advertisement.value;
  return {
    interface: device,
    family,
    mac,
    source,
    destination,
    ttl,
    version,
    vrid,
    priority,
    interval: intervalOf(advertisement.value),
    authentication:
      signature === undefined ? authenticationOf(advertisement.value, hasHeader) : "hmac",
    addresses,
    ...(signature && {
      clockAheadSeconds: signature.seconds + signature.fraction / 65_536 - wallSeconds,
    }),
  };
}

function readEnvelope(frame: DataView): Envelope | undefined {
  const ethernet = decodeEthernetHeader(frame);
  if (!ethernet.ok) return undefined;
  const mac = ethernet.value.source;
  const packet = part(frame, ETHERNET_HEADER_SIZE, frame.byteLength);
  const inner = ethernet.value.type === ETHERTYPE_IPV6 ? readIpv6(packet) : readIpv4(packet);
  if (inner === undefined) return undefined;
  const { protocol, payload, ...rest } = inner;
  const hasHeader = protocol === PROTOCOL_AH;
  if (hasHeader && payload.byteLength < AH_SIZE) return undefined;
  return {
    ...rest,
    mac,
    hasHeader,
    body: part(payload, hasHeader ? AH_SIZE : 0, payload.byteLength),
  };
}

type Inner = Pick<Envelope, "family" | "source" | "destination" | "ttl"> & {
  readonly protocol: number;
  readonly payload: DataView;
};

/** Short frames end in padding, which the length in the header leaves out. */
function readIpv4(packet: DataView): Inner | undefined {
  const header = decodeIpv4Header(packet);
  if (!header.ok) return undefined;
  const { source, destination, ttl, protocol, headerSize, totalLength } = header.value;
  const payload = part(packet, headerSize, Math.min(totalLength, packet.byteLength));
  return { family: 4, source, destination, ttl, protocol, payload };
}

function readIpv6(packet: DataView): Inner | undefined {
  const header = decodeIpv6Header(packet, 0);
  if (!header.ok) return undefined;
  const { source, destination, hopLimit: ttl, nextHeader: protocol, payloadLength } = header.value;
  const payload = part(packet, IPV6_HEADER_SIZE, IPV6_HEADER_SIZE + payloadLength);
  return { family: 6, source, destination, ttl, protocol, payload };
}

const intervalOf = (advertisement: Advertisement): SpeakerSeen["interval"] =>
  advertisement.version === 2
    ? seconds(advertisement.intervalSeconds)
    : centiseconds(advertisement.intervalCs);

function authenticationOf(
  advertisement: Advertisement,
  hasHeader: boolean,
): SpeakerSeen["authentication"] {
  if (hasHeader) return "header";
  const isPlain =
    advertisement.version === 3 || advertisement.authenticationType === AUTHENTICATION_NONE;
  return isPlain ? "none" : "password";
}

const part = (bytes: DataView, from: number, to: number): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset + from, to - from);
