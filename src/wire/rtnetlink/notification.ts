/** Which messages of rtnetlink(7) speak of which objects, in a dump or in a notification. */
import type { MessageCursor } from "../netlink.ts";
import { decodeAddress, RTM_NEWADDR } from "./address.ts";
import type { Entry, Notification } from "./entries.ts";
import { decodeLink, RTM_NEWLINK } from "./link.ts";
import { decodeNeighbour, RTM_NEWNEIGH } from "./neighbour.ts";
import { RTM_NEWROUTE } from "./route.ts";
import { decodeRoute } from "./route-entry.ts";
import { decodeRule, RTM_NEWRULE } from "./rule.ts";

type Reader = (view: DataView, bodyAt: number, endAt: number) => Entry | undefined;

/** By group: rtnetlink numbers its messages in fours, of which the first is "new" and the second is "gone". */
const READERS: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [RTM_NEWLINK >> 2, (...body) => tag(decodeLink(...body), (entry) => ({ type: "link", entry }))],
  [
    RTM_NEWADDR >> 2,
    (...body) => tag(decodeAddress(...body), (entry) => ({ type: "address", entry })),
  ],
  [
    RTM_NEWROUTE >> 2,
    (...body) => tag(decodeRoute(...body), (entry) => ({ type: "route", entry })),
  ],
  [RTM_NEWRULE >> 2, (...body) => tag(decodeRule(...body), (entry) => ({ type: "rule", entry }))],
  [
    RTM_NEWNEIGH >> 2,
    (...body) => tag(decodeNeighbour(...body), (entry) => ({ type: "neighbour", entry })),
  ],
]);
const NEW = 0;
const GONE = 1;

const tag = <T>(value: T | undefined, wrap: (value: T) => Entry): Entry | undefined =>
  value === undefined ? undefined : wrap(value);

/** Reads the current message of `cursor`; undefined when it is of another kind, or makes no sense. */
export function decodeNotification(
  view: DataView,
  cursor: MessageCursor,
): Notification | undefined {
  const act = cursor.type & 3;
  if (act !== NEW && act !== GONE) return undefined;
  const body = READERS.get(cursor.type >> 2)?.(view, cursor.bodyAt, cursor.endAt);
  return body && { ...body, gone: act === GONE, requester: cursor.port };
}
