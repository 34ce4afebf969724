/** From answers to a pair, and what is suggested as answers. */
import { formatPrefix, type IpAddress, type Prefix } from "../base/ip.ts";
import { loadPair } from "../config/pair/load.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { addressOf, numberOf, rangeOf } from "../config/pair/subnet.ts";
import { type EmittedMap, emitEntry, quoteIfNeeded } from "../config/pair/yaml-emit.ts";
import { InitError } from "./init-error.ts";

/** One network as it was answered. */
export interface PlannedNetwork {
  readonly name: "lan" | "wan" | "link";
  readonly interface: string;
  readonly own: Prefix;
  readonly peer: Prefix;
  /** Undefined on the dedicated link. */
  readonly virtual: Prefix | undefined;
  readonly gateway: IpAddress | undefined;
}

export interface Plan {
  readonly pair: string;
  readonly node: string;
  readonly peer: string;
  readonly networks: readonly PlannedNetwork[];
  readonly dhcp: boolean;
  /** Undefined: advertisements are not authenticated. */
  readonly secretFile: string | undefined;
}

/** The pair that the answers describe, with every default. Throws InitError with what does not fit together. */
export function pairOf(plan: Plan): PairConfig {
  const text = draftOf(plan);
  const source = { read: () => ({ ok: true, text }) as const, glob: () => [] };
  const { pair, diagnostics } = loadPair("duet.yaml", source);
  if (pair !== undefined) return pair;
  const messages = diagnostics.filter(({ severity }) => severity === "error");
  throw new InitError(messages.map(({ message }) => message).join("\nduet: "));
}

function draftOf({ pair, node, peer, networks, dhcp, secretFile }: Plan): string {
  const own = (which: "own" | "peer"): EmittedMap =>
    Object.fromEntries(networks.map((network) => [network.name, formatPrefix(network[which])]));
  const parts: EmittedMap = {
    pair: quoteIfNeeded(pair),
    "secret-file": secretFile === undefined ? undefined : quoteIfNeeded(secretFile),
    routers: { [node]: own("own"), [peer]: own("peer") },
    networks: Object.fromEntries(networks.map((one) => [one.name, networkOf(one, dhcp)])),
    vrrp: secretFile === undefined ? undefined : { authentication: "hmac" },
  };
  return Object.entries(parts)
    .flatMap(([key, value]) => (value === undefined ? [] : [emitEntry(key, value)]))
    .join("");
}

const networkOf = (network: PlannedNetwork, dhcp: boolean): EmittedMap => ({
  interface: quoteIfNeeded(network.interface),
  address: network.virtual && formatPrefix(network.virtual),
  gateway: network.gateway,
  dhcp: dhcp && network.name === "lan" ? "true" : undefined,
});

/** The next addresses of the subnet after `own` that are not `taken`, in its prefix; fewer where it is small. */
export function neighbours(
  own: Prefix,
  taken: readonly IpAddress[],
  count: number,
): readonly Prefix[] {
  const { first, last } = rangeOf(own);
  const hosts = own.length >= 31 ? last - first + 1 : last - first - 1;
  const start = own.length >= 31 ? first : first + 1;
  const found: Prefix[] = [];
  for (let step = 1; step < hosts && found.length < count && step < 1_024; step += 1) {
    const address = addressOf(start + ((numberOf(own.address) - start + step) % hosts));
    if (!taken.includes(address)) found.push({ address, length: own.length });
  }
  return found;
}
