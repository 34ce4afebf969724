/** The frames of test/vectors/vrrp, captured from keepalived and FRR, and the configurations that produced them. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { IpAddress } from "../../src/base/ip.ts";
import { centiseconds, seconds } from "../../src/base/time.ts";
import type { Authentication, InstanceConfig, Transport } from "../../src/vrrp/config.ts";
import { instanceConfig, ip, virtualAddress } from "./vrrp-config.ts";

interface CapturedTrailer {
  readonly key_id: number;
  readonly sec: number;
  readonly subsec: number;
  readonly ctr: number;
  readonly hmac: string;
}

/** Field names are those of frames.json, see its README. */
export interface CapturedAdvertisement {
  readonly kind: "vrrp" | "vrrp-ah";
  readonly eth_dst: string;
  readonly eth_src: string;
  readonly ip_src: string;
  readonly ip_dst: string;
  readonly proto: 112 | 51;
  readonly ttl?: number;
  readonly tos?: number;
  readonly ip_id?: number;
  readonly ip_frag?: number;
  readonly hlim?: number;
  readonly tclass?: number;
  readonly flow?: number;
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly priority: number;
  readonly checksum: string;
  readonly addresses: readonly string[];
  readonly payload_len: number;
  readonly body_len: number;
  readonly auth_type?: number;
  readonly adver_int_s?: number;
  readonly auth_data?: string;
  readonly max_adver_int_cs?: number;
  readonly checksum_valid_with: readonly string[];
  readonly trailer?: CapturedTrailer;
  readonly ah?: { readonly spi: string; readonly seq: number; readonly icv: string };
}

export interface CapturedArp {
  readonly kind: "garp" | "arp";
  readonly eth_dst: string;
  readonly eth_src: string;
  readonly op: number;
  readonly sha: string;
  readonly spa: string;
  readonly tha: string;
  readonly tpa: string;
}

export interface CapturedNa {
  readonly kind: "na";
  readonly eth_dst: string;
  readonly eth_src: string;
  readonly ip_src: string;
  readonly ip_dst: string;
  readonly flags: string;
  readonly target: string;
  readonly opts: string;
}

export interface CapturedFrame<Decoded = CapturedAdvertisement | CapturedArp | CapturedNa> {
  readonly hex: string;
  readonly decoded: Decoded;
}

const FILE = path.join(import.meta.dirname, "..", "vectors", "vrrp", "frames.json");

export const captures = JSON.parse(readFileSync(FILE, "utf8")) as Readonly<
  Record<string, readonly CapturedFrame[]>
>;

type Named<Decoded> = readonly [name: string, frame: CapturedFrame<Decoded>];

/** All frames of the given kinds, named by capture and position in it. */
const framesOf = <Decoded>(...kinds: readonly string[]): readonly Named<Decoded>[] =>
  Object.entries(captures).flatMap(([name, frames]) =>
    frames.flatMap((frame, index) =>
      kinds.includes(frame.decoded.kind)
        ? [[`${name} #${index}`, frame as CapturedFrame<Decoded>] as const]
        : [],
    ),
  );

export const advertisementFrames = framesOf<CapturedAdvertisement>("vrrp", "vrrp-ah");
export const arpFrames = framesOf<CapturedArp>("garp", "arp");
export const naFrames = framesOf<CapturedNa>("na");

export const HMAC_KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

const HMAC: Authentication = {
  type: "hmac",
  keys: [{ id: 1, secret: HMAC_KEY }],
  activeKey: 1,
  replay: "time",
  window: seconds(5),
  mode: "enforce",
};

function authenticationOf(capture: string, ad: CapturedAdvertisement): Authentication {
  if (ad.trailer !== undefined) return HMAC;
  if (ad.auth_type === 2) return { type: "header", key: "733363726574" };
  if (ad.auth_type !== 1) return { type: "none" };
  const password = capture.startsWith("v2-pass-9chars") ? "6162636465666768" : "733363726574";
  return { type: "password", password };
}

function transportOf(ad: CapturedAdvertisement): Transport {
  const destination = ip(ad.ip_dst);
  if (/^(224|ff)/.test(destination)) return { type: "multicast", group: destination };
  const peer = { address: ip(ad.ip_src), ttlMin: 0, ttlMax: 255 };
  return { type: "unicast", peers: [peer], checkSource: true, faultWithoutPeer: true };
}

/** The configuration of a router that sent such an advertisement, or that is the peer of one that did. */
export function configOf(capture: string, ad: CapturedAdvertisement): InstanceConfig {
  return instanceConfig({
    family: ad.ip_src.includes(":") ? 6 : 4,
    version: ad.version,
    vrid: ad.vrid,
    interval: ad.version === 2 ? seconds(ad.adver_int_s!) : centiseconds(ad.max_adver_int_cs!),
    transport: transportOf(ad),
    authentication: authenticationOf(capture, ad),
    checksum: ad.checksum_valid_with.includes("none") ? "payload-only" : "pseudo-header",
    addresses: ad.addresses.map((address) => virtualAddress(address)),
  });
}

export const sourceOf = (ad: CapturedAdvertisement): IpAddress => ip(ad.ip_src);
