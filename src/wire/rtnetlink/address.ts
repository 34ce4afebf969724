/** Addresses: struct ifaddrmsg and its attributes, rtnetlink(7) and linux/if_addr.h. */
import { type IpAddress, ipFamily } from "../../base/ip.ts";
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { AttributeCursor, type MessageWriter } from "../netlink.ts";
import type { AddressSpec } from "../objects.ts";
import type { AddressEntry } from "./entries.ts";
import { familyNumber, familyOf } from "./family.ts";

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
const IFA_PROTO = 11;

/** Family, prefix length, flags, scope, interface index. */
const IFADDRMSG_SIZE = 8;
const FOREVER = 0xffff_ffff;

/** The body that adds or renews an address. */
export function writeAddress(writer: MessageWriter, spec: AddressSpec, index: number): void {
  writeAddressIdentity(writer, spec, index);
  const isIpv4 = ipFamily(spec.address) === 4;
  if (isIpv4 && spec.broadcast !== undefined) writer.attributeIp(IFA_BROADCAST, spec.broadcast);
  if (isIpv4 && spec.label !== undefined) writer.attributeText(IFA_LABEL, spec.label);
  writer.attributeUint32(IFA_FLAGS, spec.flags);
  writer.attributeUint8(IFA_PROTO, spec.protocol);
  writer.attribute(IFA_CACHEINFO, (w) =>
    w
      .uint32(lifetime(spec.preferredLifetime))
      .uint32(lifetime(spec.validLifetime))
      .uint32(0)
      .uint32(0),
  );
}

/** The body that names an address: enough to delete it. */
export function writeAddressIdentity(
  writer: MessageWriter,
  spec: AddressSpec,
  index: number,
): void {
  writer.uint8(familyNumber(ipFamily(spec.address))).uint8(spec.prefixLength);
  writer
    .uint8(spec.flags & 0xff)
    .uint8(spec.scope)
    .uint32(index);
  writer.attributeIp(IFA_LOCAL, spec.address);
  writer.attributeIp(IFA_ADDRESS, spec.peer ?? spec.address);
}

/** The body of a dump request; family 0 asks for both. */
export function writeAddressDump(writer: MessageWriter, family: number): void {
  writer.uint8(family).zeros(IFADDRMSG_SIZE - 1);
}

const lifetime = (seconds: number | "forever"): number =>
  seconds === "forever" ? FOREVER : seconds;
const lifetimeOf = (value: number): number | "forever" => (value === FOREVER ? "forever" : value);

/** Reads the body of an RTM_NEWADDR or RTM_DELADDR; undefined when it holds no IP address. */
export function decodeAddress(
  view: DataView,
  bodyAt: number,
  endAt: number,
): AddressEntry | undefined {
  if (bodyAt + IFADDRMSG_SIZE > endAt) return undefined;
  const family = familyOf(view.getUint8(bodyAt));
  if (family === undefined) return undefined;
  const { far, local, ...rest } = readAddressAttributes(view, bodyAt, endAt);
  const address = local ?? far;
  if (address === undefined || ipFamily(address) !== family) return undefined;
  return {
    family,
    index: view.getUint32(bodyAt + 4, LE),
    address,
    prefixLength: view.getUint8(bodyAt + 1),
    scope: view.getUint8(bodyAt + 3),
    ...(far !== undefined && far !== address && { peer: far }),
    ...rest,
  };
}

type AddressAttributes = Pick<
  AddressEntry,
  "flags" | "label" | "broadcast" | "protocol" | "validLifetime" | "preferredLifetime"
> & { readonly far: IpAddress | undefined; readonly local: IpAddress | undefined };

function readAddressAttributes(view: DataView, bodyAt: number, endAt: number): AddressAttributes {
  const draft: { -readonly [Key in keyof AddressAttributes]: AddressAttributes[Key] } = {
    far: undefined,
    local: undefined,
    flags: view.getUint8(bodyAt + 2),
    protocol: 0,
    validLifetime: "forever",
    preferredLifetime: "forever",
  };
  const attributes = new AttributeCursor(view, bodyAt + IFADDRMSG_SIZE, endAt);
  while (attributes.next()) {
    if (attributes.type === IFA_ADDRESS) draft.far = attributes.ip();
    else if (attributes.type === IFA_LOCAL) draft.local = attributes.ip();
    else if (attributes.type === IFA_LABEL) draft.label = attributes.text();
    else if (attributes.type === IFA_FLAGS) draft.flags = attributes.uint32();
    else if (attributes.type === IFA_PROTO) draft.protocol = attributes.uint8();
    else if (attributes.type === IFA_BROADCAST) {
      const broadcast = attributes.ip();
      if (broadcast !== undefined) draft.broadcast = broadcast;
    } else if (attributes.type === IFA_CACHEINFO) {
      draft.preferredLifetime = lifetimeOf(attributes.uint32(0));
      draft.validLifetime = lifetimeOf(attributes.uint32(4));
    }
  }
  return draft;
}
