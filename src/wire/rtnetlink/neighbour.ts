/** Neighbours (ARP and NDP caches): struct ndmsg and its attributes, rtnetlink(7) and linux/neighbour.h. */
import type { IpAddress } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { AttributeCursor, type MessageWriter } from "../netlink.ts";
import type { NeighbourEntry } from "./entries.ts";
import { familyOf } from "./family.ts";

export const RTM_NEWNEIGH = 28;
export const RTM_GETNEIGH = 30;

const NDA_DST = 1;
const NDA_LLADDR = 2;
/** Family, 3 bytes of padding, interface index, state, flags, type. */
const NDMSG_SIZE = 12;

/** The body of a dump request; family 0 asks for both. */
export function writeNeighbourDump(writer: MessageWriter, family: number): void {
  writer.uint8(family).zeros(NDMSG_SIZE - 1);
}

/** Reads the body of an RTM_NEWNEIGH or RTM_DELNEIGH; undefined when it is no IP neighbour. */
export function decodeNeighbour(
  view: DataView,
  bodyAt: number,
  endAt: number,
): NeighbourEntry | undefined {
  if (bodyAt + NDMSG_SIZE > endAt) return undefined;
  const family = familyOf(view.getUint8(bodyAt));
  let address: IpAddress | undefined;
  let mac: Mac | undefined;
  const attributes = new AttributeCursor(view, bodyAt + NDMSG_SIZE, endAt);
  while (attributes.next()) {
    if (attributes.type === NDA_DST) address = attributes.ip();
    else if (attributes.type === NDA_LLADDR) mac = attributes.mac();
  }
  if (family === undefined || address === undefined) return undefined;
  return {
    family,
    index: view.getInt32(bodyAt + 4, LE),
    address,
    ...(mac !== undefined && { mac }),
    state: view.getUint16(bodyAt + 8, LE),
  };
}
