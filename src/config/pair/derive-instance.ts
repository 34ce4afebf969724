/** From a network of the pair to an instance, with keepalived's defaults for all that the pair does not speak of. */
import type { InstanceConfig, VirtualRoute } from "../../vrrp/config.ts";
import { PRIORITY_OWNER } from "../../vrrp/config.ts";
import { plainAddress } from "../keepalived/addresses.ts";
import { newHmacDraft } from "../keepalived/authentication.ts";
import { completeInstance, type Shared } from "../keepalived/complete-instance.ts";
import { newGlobals } from "../keepalived/globals.ts";
import { type InstanceDraft, newInstance } from "../keepalived/instance-draft.ts";
import { defaultRoute } from "../keepalived/routes.ts";
import { Preferences } from "../keepalived/rules.ts";
import type { DefinedTracker } from "../keepalived/trackers.ts";
import type { TrackingDraft } from "../keepalived/tracking.ts";
import type { Derivation } from "./derivation.ts";
import { advertisingEnds } from "./ends.ts";
import type { PairInstance } from "./instances.ts";
import { HMAC_KEY_ID, hmacKeyFrom, passwordFrom } from "./secret.ts";

/** RFC 3768 leaves the number open, but implementations of version 2 with room for no more are known. */
const ADDRESSES_V2_MAX = 20;

/** Undefined after an error. `tracking` is what the instance follows itself, without a group. */
export function deriveInstance(
  derivation: Derivation,
  instance: PairInstance,
  trackers: ReadonlyMap<string, DefinedTracker>,
  tracking: readonly TrackingDraft[],
): InstanceConfig | undefined {
  const draft = draftInstance(derivation, instance);
  const device = draft.interface;
  draft.tracking.push(
    ...tracking.filter(({ kind, name }) => kind !== "interface" || name !== device),
  );
  reportCount(derivation, instance);
  const shared: Shared = {
    globals: newGlobals(),
    preferences: new Preferences(),
    trackers,
    macInterfaces: new Set(),
    spacing: new Map(),
  };
  const config = completeInstance(derivation.reading, draft, shared);
  return config && { ...config, routes: routesOf(instance, config.interface) };
}

function draftInstance(derivation: Derivation, instance: PairInstance): InstanceDraft {
  const { node, at } = derivation;
  const { name, network, version, vrid, interval, family } = instance;
  const place = at(`networks.${network.name}`);
  const draft = newInstance(name, place);
  const device = network.interfaces[node.name];
  if (device !== undefined) draft.interface = device;
  draft.vrid = vrid;
  draft.vridAt = at(`networks.${network.name}.${family === 4 ? "vrid" : "vrid6"}`);
  draft.version = version;
  draft.interval = interval;
  draft.intervalAt = at("election.interval");
  draft.family = family;
  const addresses = instance.addresses.slice(0, mostAddresses(instance));
  draft.addresses.push(...addresses.map((prefix) => plainAddress(prefix, place)));
  draft.excluded.push(...instance.excluded.map((prefix) => plainAddress(prefix, place)));
  completeElection(draft, derivation);
  completeTransport(draft, derivation, instance);
  completeAuthentication(draft, derivation);
  return draft;
}

const mostAddresses = ({ version, addresses }: PairInstance): number =>
  version === 2 ? ADDRESSES_V2_MAX : addresses.length;

function reportCount(
  { findings, at }: Derivation,
  { addresses, version, network }: PairInstance,
): void {
  if (version === 3 || addresses.length <= ADDRESSES_V2_MAX) return;
  const message = `network ${network.name} has ${addresses.length} IPv4 addresses, and an advertisement of version 2 carries ${ADDRESSES_V2_MAX} that every implementation accepts: write version: 3 under vrrp, or move the others to unadvertised`;
  findings.error(at(`networks.${network.name}.addresses`), "address-count", message);
}

/** Who owns the addresses (255) begins as Active and takes them back at once; so RFC 9568 wants it. */
function completeElection(
  draft: InstanceDraft,
  { pair: { election }, node, at }: Derivation,
): void {
  const owner = node.priority === PRIORITY_OWNER;
  draft.priority = node.priority;
  draft.state = owner ? "MASTER" : "BACKUP";
  if (owner) return;
  draft.preempt = election.preempt;
  if (!election.preempt) return;
  draft.preemptDelay = election.preemptDelay;
  draft.preemptDelayAt = at("election.preemptDelay");
}

function completeTransport(
  draft: InstanceDraft,
  { pair, node, findings, at }: Derivation,
  instance: PairInstance,
): void {
  const { network, family } = instance;
  const ends = advertisingEnds(pair, node.name, instance);
  if (ends !== undefined) draft.source = ends.own;
  if (!pair.election.unicast) return;
  if (ends !== undefined) {
    draft.peers.push({ address: ends.peer, ttlMin: 0, ttlMax: 255 });
    return;
  }
  const [a, b] = pair.routers;
  const message = `${a.name} and ${b.name} need an IPv${family} address each on ${network.name}, because advertisements go from one to the other: add them under routers, or write transport: multicast`;
  findings.error(at(`networks.${network.name}`), "address-missing", message);
}

/** Version 3, and with it IPv6, has no passwords. */
function completeAuthentication(draft: InstanceDraft, { pair, secret, at }: Derivation): void {
  const { authentication } = pair.election;
  const place = at("election.authentication");
  draft.authenticationAt = place;
  if (authentication.type === "pass" && draft.version === 2) {
    const text = authentication.password ?? passwordFrom(secret);
    draft.password = { type: "PASS", password: { type: "word", text, quoted: true, at: place } };
  } else if (authentication.type === "hmac") {
    const keys = [{ id: HMAC_KEY_ID, secret: hmacKeyFrom(secret) }];
    draft.hmac = { ...newHmacDraft(), keys };
  }
}

const routesOf = (
  { gateways, network: { metric } }: PairInstance,
  device: string,
): readonly VirtualRoute[] =>
  gateways.map(({ address, source }) =>
    defaultRoute({
      gateway: address,
      interface: device,
      ...(source !== undefined && { preferredSource: source }),
      ...(metric !== undefined && { metric }),
    }),
  );
