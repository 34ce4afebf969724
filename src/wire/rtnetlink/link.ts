/** Links: struct ifinfomsg and its attributes, rtnetlink(7) and linux/if_link.h. */
import type { Mac } from "../../base/mac.ts";
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { AttributeCursor, type MessageWriter } from "../netlink.ts";
import type { LinkEntry } from "./entries.ts";

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

export const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_LOWER_UP = 0x1_0000;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_GROUP = 27;
const IFLA_LINK_NETNSID = 37;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
const MACVLAN_MODE_BRIDGE = 4;

/** Family, pad, hardware type, index, flags, mask of the flags that change. */
const IFINFOMSG_SIZE = 16;

/** The body of a request about a link by name: struct ifinfomsg without an index, and IFLA_IFNAME. */
export function writeLinkRequest(
  writer: MessageWriter,
  name: string,
  flags: { readonly value: number; readonly mask: number } = { value: 0, mask: 0 },
): void {
  writer.uint32(0).uint32(0).uint32(flags.value).uint32(flags.mask);
  writer.attributeText(IFLA_IFNAME, name);
}

/** The body of a dump request. */
export function writeLinkDump(writer: MessageWriter): void {
  writer.zeros(IFINFOMSG_SIZE);
}

export interface MacvlanRequest {
  readonly name: string;
  readonly parent: number;
  readonly mac: Mac;
}

/**
 * The body of a request for a macvlan in bridge mode. In private mode the kernel hands what comes from a macvlan's own MAC to
 * that macvlan alone: a router would not hear, on the interface below, the one that has the same virtual MAC.
 */
export function writeMacvlan(writer: MessageWriter, { name, parent, mac }: MacvlanRequest): void {
  writeLinkRequest(writer, name);
  writer.attribute(IFLA_ADDRESS, (w) => w.mac(mac));
  writer.attributeUint32(IFLA_LINK, parent);
  writer.attribute(IFLA_LINKINFO, (info) =>
    info
      .attributeText(IFLA_INFO_KIND, "macvlan")
      .attribute(IFLA_INFO_DATA, (w) => w.attributeUint32(IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE)),
  );
}

/** Reads the body of an RTM_NEWLINK or RTM_DELLINK; undefined when it is no link of this host. */
export function decodeLink(view: DataView, bodyAt: number, endAt: number): LinkEntry | undefined {
  if (bodyAt + IFINFOMSG_SIZE > endAt) return undefined;
  // Bridges speak of their ports in messages of another family, which say nothing about the link itself.
  if (view.getUint8(bodyAt) !== 0) return undefined;
  const flags = view.getUint32(bodyAt + 8, LE);
  const attributes = readLinkAttributes(view, bodyAt + IFINFOMSG_SIZE, endAt);
  const running = IFF_UP | IFF_RUNNING | IFF_LOWER_UP;
  return {
    index: view.getInt32(bodyAt + 4, LE),
    hardwareType: view.getUint16(bodyAt + 2, LE),
    flags,
    up: (flags & IFF_UP) !== 0,
    running: (flags & running) === running,
    ...attributes,
  };
}

type LinkAttributes = Omit<LinkEntry, "index" | "hardwareType" | "flags" | "up" | "running">;

function readLinkAttributes(view: DataView, start: number, end: number): LinkAttributes {
  const link: { -readonly [Key in keyof LinkAttributes]: LinkAttributes[Key] } = {
    name: "",
    mtu: 0,
    group: 0,
  };
  let parent = 0;
  let elsewhere = false;
  const attributes = new AttributeCursor(view, start, end);
  while (attributes.next()) {
    if (attributes.type === IFLA_LINK) parent = attributes.uint32();
    else if (attributes.type === IFLA_LINK_NETNSID) elsewhere = true;
    else if (attributes.type === IFLA_LINKINFO) Object.assign(link, readKind(attributes.nested()));
    else readLinkAttribute(attributes, link);
  }
  // The index of a parent in another namespace means nothing here.
  if (parent !== 0 && !elsewhere) link.parent = parent;
  return link;
}

function readLinkAttribute(
  attribute: AttributeCursor,
  link: { -readonly [Key in keyof LinkAttributes]: LinkAttributes[Key] },
): void {
  switch (attribute.type) {
    case IFLA_IFNAME:
      link.name = attribute.text();
      break;
    case IFLA_MTU:
      link.mtu = attribute.uint32();
      break;
    case IFLA_MASTER:
      link.master = attribute.uint32();
      break;
    case IFLA_GROUP:
      link.group = attribute.uint32();
      break;
    case IFLA_ADDRESS: {
      const mac = attribute.mac();
      if (mac !== undefined) link.mac = mac;
      break;
    }
    default:
  }
}

function readKind(info: AttributeCursor): Partial<Pick<LinkEntry, "kind" | "macvlanMode">> {
  let kind: string | undefined;
  let details: AttributeCursor | undefined;
  while (info.next()) {
    if (info.type === IFLA_INFO_KIND) kind = info.text();
    else if (info.type === IFLA_INFO_DATA) details = info.nested();
  }
  if (kind === undefined) return {};
  if (kind !== "macvlan") return { kind };
  while (details?.next() === true)
    if (details.type === IFLA_MACVLAN_MODE) return { kind, macvlanMode: details.uint32() };
  return { kind };
}
