/** One virtual router, in the language of each daemon. */
import type { RouterName } from "./interop-pair.ts";
import type { PeerKind } from "./peers.ts";

export interface VirtualRouter {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** Seconds. */
  readonly interval: number;
  readonly authentication?: "PASS" | "AH";
  readonly isUnicast?: boolean;
  /** Further lines of the vrrp_instance block. */
  readonly more?: string;
}

export const VRID = 51;
/** The address that clients ask for; the first one that is advertised. */
export const virtualAddress = ({ family }: VirtualRouter): string =>
  family === 4 ? "192.0.2.100" : "2001:db8::100";

/** Every address: RFC 9568 wants a link-local one first in IPv6. */
export const virtualAddresses = ({ family }: VirtualRouter): readonly string[] =>
  family === 4 ? ["192.0.2.100"] : ["fe80::100", "2001:db8::100"];

/** Addresses of the routers on the segment, from which they advertise. */
export const sourceOf = (name: RouterName, { family }: VirtualRouter): string => {
  if (family === 6) return name === "alpha" ? "fe80::a" : "fe80::b";
  return name === "alpha" ? "192.0.2.1" : "192.0.2.2";
};

/** Configuration of `name`, in the language of the daemon that it runs. */
export function configOf(
  kind: PeerKind,
  name: RouterName,
  priority: number,
  router: VirtualRouter,
): string {
  return kind === "frr" ? frr(priority, router) : keepalived(name, priority, router);
}

function keepalived(name: RouterName, priority: number, router: VirtualRouter): string {
  const { version, interval, authentication, isUnicast = false, more = "" } = router;
  const length = router.family === 4 ? 24 : 64;
  const addresses = virtualAddresses(router).map((address) => `    ${address}/${length}`);
  const other = name === "alpha" ? "beta" : "alpha";
  const unicast = `unicast_src_ip ${sourceOf(name, router)}
  unicast_peer {
    ${sourceOf(other, router)}
  }`;
  return `vrrp_instance V1 {
  state BACKUP
  version ${version}
  interface eth0
  virtual_router_id ${VRID}
  priority ${priority}
  advert_int ${interval}
  ${isUnicast ? unicast : ""}
  ${authentication === undefined ? "" : `authentication {\n    auth_type ${authentication}\n    auth_pass s3cret\n  }`}
  virtual_ipaddress {
${addresses.join("\n")}
  }
  ${more}
}
`;
}

function frr(priority: number, router: VirtualRouter): string {
  const word = router.family === 4 ? "ip" : "ipv6";
  return `interface eth0
 vrrp ${VRID} version ${router.version}
 vrrp ${VRID} priority ${priority}
 vrrp ${VRID} advertisement-interval ${Math.round(router.interval * 1_000)}
${virtualAddresses(router)
  .map((address) => ` vrrp ${VRID} ${word} ${address}`)
  .join("\n")}
`;
}
