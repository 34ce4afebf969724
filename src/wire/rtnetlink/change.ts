/** Changes to the kernel's configuration as values, and the rtnetlink messages that carry them out. */
import { formatPrefix } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import { type Decoded, decoded, refused } from "../../base/result.ts";
import {
  type MessageWriter,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
} from "../netlink.ts";
import type { AddressSpec, RouteSpec, RuleSpec } from "../objects.ts";
import { RTM_DELADDR, RTM_NEWADDR, writeAddress, writeAddressIdentity } from "./address.ts";
import { IFF_UP, RTM_DELLINK, RTM_NEWLINK, writeLinkRequest, writeMacvlan } from "./link.ts";
import {
  type RouteInterfaces,
  RTM_DELROUTE,
  RTM_NEWROUTE,
  writeRoute,
  writeRouteDeletion,
} from "./route.ts";
import { RTM_DELRULE, RTM_NEWRULE, writeRule } from "./rule.ts";

/** One change: what is to happen to which object. */
export type Change = AddressChange | RouteChange | RuleChange | LinkChange;

interface AddressChange {
  readonly type: "address";
  /** "replace" adds what is missing and gives what exists new lifetimes. */
  readonly verb: "add" | "replace" | "delete";
  readonly spec: AddressSpec;
}

interface RouteChange {
  readonly type: "route";
  /** "add" refuses what exists; "prepend" puts the route before equal ones, "append" behind them. */
  readonly verb: "add" | "replace" | "prepend" | "append" | "delete";
  readonly spec: RouteSpec;
}

interface RuleChange {
  readonly type: "rule";
  readonly verb: "add" | "delete";
  readonly spec: RuleSpec;
}

type LinkChange =
  | { readonly type: "link"; readonly verb: "up" | "down" | "delete"; readonly interface: string }
  /** A macvlan in bridge mode, so that its parent hears other routers that use the same MAC. */
  | {
      readonly type: "link";
      readonly verb: "add-macvlan";
      readonly interface: string;
      readonly parent: string;
      readonly mac: Mac;
    };

/** Finds the index of an interface by name; undefined when there is none. */
export type InterfaceLookup = (name: string) => number | undefined;

/** A message ready to be written. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly write: (writer: MessageWriter) => void;
}

const ASK = NLM_F_REQUEST | NLM_F_ACK;
const ADD_FLAGS = { add: NLM_F_CREATE | NLM_F_EXCL, replace: NLM_F_CREATE | NLM_F_REPLACE };
const ROUTE_FLAGS = { ...ADD_FLAGS, prepend: NLM_F_CREATE, append: NLM_F_CREATE | NLM_F_APPEND };

/** What to send for a change; refused with the name of the interface that does not exist. */
export function planChange(change: Change, lookup: InterfaceLookup): Decoded<Request> {
  switch (change.type) {
    case "address":
      return planAddress(change, lookup);
    case "route":
      return planRoute(change, lookup);
    case "rule":
      return decoded({
        type: change.verb === "add" ? RTM_NEWRULE : RTM_DELRULE,
        flags: ASK | (change.verb === "add" ? ADD_FLAGS.add : 0),
        write: (writer) => {
          writeRule(writer, change.spec);
        },
      });
    case "link":
      return planLink(change, lookup);
  }
}

function planAddress({ verb, spec }: AddressChange, lookup: InterfaceLookup): Decoded<Request> {
  const index = lookup(spec.interface);
  if (index === undefined) return refused(spec.interface);
  if (verb === "delete")
    return decoded({
      type: RTM_DELADDR,
      flags: ASK,
      write: (writer) => {
        writeAddressIdentity(writer, spec, index);
      },
    });
  return decoded({
    type: RTM_NEWADDR,
    flags: ASK | ADD_FLAGS[verb],
    write: (writer) => {
      writeAddress(writer, spec, index);
    },
  });
}

function planRoute({ verb, spec }: RouteChange, lookup: InterfaceLookup): Decoded<Request> {
  const interfaces: RouteInterfaces = {
    own: spec.interface === undefined ? undefined : lookup(spec.interface),
    nexthops: spec.nexthops.map((hop) =>
      hop.interface === undefined ? undefined : lookup(hop.interface),
    ),
  };
  const missing = missingInterface(spec, interfaces);
  if (missing !== undefined) return refused(missing);
  const write = verb === "delete" ? writeRouteDeletion : writeRoute;
  return decoded({
    type: verb === "delete" ? RTM_DELROUTE : RTM_NEWROUTE,
    flags: ASK | (verb === "delete" ? 0 : ROUTE_FLAGS[verb]),
    write: (writer) => {
      write(writer, spec, interfaces);
    },
  });
}

function missingInterface(spec: RouteSpec, { own, nexthops }: RouteInterfaces): string | undefined {
  if (spec.interface !== undefined && own === undefined) return spec.interface;
  return spec.nexthops.find(
    (hop, place) => hop.interface !== undefined && nexthops[place] === undefined,
  )?.interface;
}

/** Existing links are named by their name, so that a link made earlier in the same batch is found. */
function planLink(change: LinkChange, lookup: InterfaceLookup): Decoded<Request> {
  if (change.verb === "add-macvlan") {
    const parent = lookup(change.parent);
    if (parent === undefined) return refused(change.parent);
    return decoded({
      type: RTM_NEWLINK,
      flags: ASK | ADD_FLAGS.add,
      write: (writer) => {
        writeMacvlan(writer, { name: change.interface, parent, mac: change.mac });
      },
    });
  }
  const value = change.verb === "up" ? IFF_UP : 0;
  const mask = change.verb === "delete" ? 0 : IFF_UP;
  return decoded({
    type: change.verb === "delete" ? RTM_DELLINK : RTM_NEWLINK,
    flags: ASK,
    write: (writer) => {
      writeLinkRequest(writer, change.interface, { value, mask });
    },
  });
}

/** A change as an operator would say it: "add address 192.0.2.4/24 on eth0". */
export function describeChange(change: Change): string {
  if (change.type === "address") {
    const { address, prefixLength, interface: name } = change.spec;
    return `${change.verb} address ${address}/${prefixLength} on ${name}`;
  }
  if (change.type === "route") return `${change.verb} route ${describeRoute(change.spec)}`;
  if (change.type === "rule") return `${change.verb} rule ${describeRule(change.spec)}`;
  if (change.verb === "add-macvlan")
    return `add macvlan ${change.interface} with ${change.mac} on ${change.parent}`;
  return change.verb === "delete"
    ? `delete interface ${change.interface}`
    : `set interface ${change.interface} ${change.verb}`;
}

function describeRoute(spec: RouteSpec): string {
  const { type, destination, gateway, interface: name, preferredSource, metric, table } = spec;
  return [
    ...(type === "unicast" ? [] : [type]),
    formatPrefix(destination),
    ...(gateway === undefined ? [] : ["via", gateway]),
    ...(name === undefined ? [] : ["dev", name]),
    ...(preferredSource === undefined ? [] : ["src", preferredSource]),
    ...(metric === undefined ? [] : ["metric", metric]),
    ...(table === MAIN_TABLE ? [] : ["table", table]),
    ...(spec.nexthops.length === 0 ? [] : ["over", spec.nexthops.length, "next hops"]),
  ].join(" ");
}

const MAIN_TABLE = 254;

function describeRule({ preference, family, from, to, action, table, goto }: RuleSpec): string {
  const target = action === "goto" ? goto : table;
  return [
    `${preference}: IPv${family}`,
    ...(from === undefined ? [] : ["from", formatPrefix(from)]),
    ...(to === undefined ? [] : ["to", formatPrefix(to)]),
    action,
    ...(action === "lookup" || action === "goto" ? [target] : []),
  ].join(" ");
}
