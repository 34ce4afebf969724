import type { IpAddress } from "../../base/ip.ts";

/** A stream of probes that the probe agent sends. Its first parameter is a JSON array of these. */
export interface ProbePlan {
  /** Named in every message; one stream of gaps and one of owners may share a name. */
  readonly name: string;
  /** udp: echo service of the upstream. icmp: echo request. arp: who has the address, asked of everybody. */
  readonly kind: "udp" | "icmp" | "arp";
  /** IPv4. */
  readonly target: IpAddress;
  readonly everyUs: number;
}
