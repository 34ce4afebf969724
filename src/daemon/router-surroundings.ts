/** What a router has before anything is configured: its name, its interfaces, its addresses, its way out. */
import { readdirSync, readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { type IpAddress, ipFamily, ipFromBytes, type Prefix, parsePrefix } from "../base/ip.ts";

export interface Surroundings {
  readonly hostName: string;
  /** Without the loopback interface; those with addresses first. */
  readonly interfaces: readonly InterfaceAddresses[];
  readonly defaultRoute: DefaultRoute | undefined;
}

interface InterfaceAddresses {
  readonly name: string;
  /** IPv4 only, in the kernel's order. */
  readonly addresses: readonly Prefix[];
}

export interface DefaultRoute {
  readonly interface: string;
  readonly gateway: IpAddress;
}

const INTERFACES = "/sys/class/net";
const ROUTES = "/proc/net/route";

/** Reads it from the kernel. What cannot be read is not there. */
export function lookAround(): Surroundings {
  const addresses = addressesByInterface();
  const names = new Set([...addresses.keys(), ...attempt(() => readdirSync(INTERFACES), [])]);
  names.delete("lo");
  return {
    hostName: hostname(),
    interfaces: [...names].map((name) => ({ name, addresses: addresses.get(name) ?? [] })),
    defaultRoute: defaultRouteOf(attempt(() => readFileSync(ROUTES, "utf8"), "")),
  };
}

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function addressesByInterface(): ReadonlyMap<string, readonly Prefix[]> {
  const entries = Object.entries(networkInterfaces()).map(
    ([name, list = []]): [string, readonly Prefix[]] => [
      name,
      list
        .flatMap(({ cidr }) => (cidr === null ? [] : (parsePrefix(cidr) ?? [])))
        .filter(({ address }) => ipFamily(address) === 4),
    ],
  );
  return new Map(entries);
}

const ANYWHERE = "00000000";

/** The default route with the lowest metric; `text` is what the kernel shows in /proc/net/route. */
export function defaultRouteOf(text: string): DefaultRoute | undefined {
  const routes = text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, to, via, , , , , mask]) => to === ANYWHERE && mask === ANYWHERE && via !== ANYWHERE)
    .toSorted((a, b) => Number(a[6]) - Number(b[6]));
  const [name, , via = ""] = routes[0] ?? [];
  if (name === undefined || !/^[0-9A-F]{8}$/i.test(via)) return undefined;
  return { interface: name, gateway: ipFromBytes(inMemoryOrder(via)) };
}

/** The kernel shows the four bytes of an address as one number of this machine. */
function inMemoryOrder(hex: string): Uint8Array {
  const bytes = new Uint8Array(4);
  const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  new DataView(bytes.buffer).setUint32(0, Number.parseInt(hex, 16), isLittle);
  return bytes;
}
