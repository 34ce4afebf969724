/** Which address connections leave with: a virtual one moves with the role, a router's own one does not. */
import {
  type IpAddress,
  ipBytes,
  ipFamily,
  ipFromBytes,
  parseIp,
  prefixContains,
} from "../../base/ip.ts";
import type { InstanceConfig } from "../../vrrp/config.ts";
import { type DoctorFinding, type Expectation, report } from "./finding.ts";
import type { Packet } from "./nft/packet.ts";
import { describePlace, type RulePlace, type Ruleset } from "./nft/ruleset.ts";
import { translations } from "./nft/travel.ts";
import type { Effect } from "./nft/walk.ts";
import type { AddressSeen, Snapshot } from "./snapshot.ts";

/** Networks that are tried behind each one; hundreds would take long, and their rules are alike. */
const INNER_MAX = 16;
const TCP = 6;
const HTTPS = 443;
/** TEST-NET-2 of RFC 5737 stands for the rest of the world. */
const ELSEWHERE = "198.51.100.1" as IpAddress;

/** IPv4 only: a packet of a host behind each instance, leaving through each other one. */
export function checkTranslation(
  ruleset: Ruleset,
  snapshot: Snapshot,
  expected: Expectation,
): readonly DoctorFinding[] {
  const { addresses } = snapshot;
  if (addresses === null) return [];
  const instances = expected.model.vrrp.instances.filter(
    ({ family, addresses: virtual }) => family === 4 && virtual.length > 0,
  );
  const findings = instances.flatMap((out) =>
    instances
      .filter((inner) => inner.interface !== out.interface)
      .slice(0, INNER_MAX)
      .flatMap((inner) =>
        translations(ruleset, hostPacket(inner, out)).flatMap((effect) =>
          checkEffect(effect, out, { snapshot, expected }),
        ),
      ),
  );
  return [...new Map(findings.map((finding) => [finding.place, finding])).values()];
}

function hostPacket(inner: InstanceConfig, out: InstanceConfig): Packet {
  const spec = inner.addresses[0]?.spec;
  return {
    family: 4,
    input: inner.interface,
    output: out.interface,
    protocol: TCP,
    source: spec && neighbourOf(spec.address, spec.prefixLength),
    destination: ELSEWHERE,
    ttl: undefined,
    destinationPort: HTTPS,
    state: "new",
  };
}

/** Another address of the same network. */
function neighbourOf(address: IpAddress, length: number): IpAddress {
  const bytes = ipBytes(address);
  const last = bytes.length - 1;
  const hostMask = length >= 24 ? (1 << (32 - length)) - 1 : 0xff;
  bytes[last] = (bytes[last] ?? 0) ^ (0x41 & hostMask);
  return ipFromBytes(bytes);
}

interface Around {
  readonly snapshot: Snapshot;
  readonly expected: Expectation;
}

function checkEffect(
  effect: Effect,
  out: InstanceConfig,
  around: Around,
): readonly DoctorFinding[] {
  const own = (around.snapshot.addresses ?? []).filter(({ address }) => ipFamily(address) === 4);
  const chosen =
    effect.name === "masquerade"
      ? masqueradeAddress(out, own, around.snapshot)
      : snatAddress(effect);
  const all = around.expected.model.vrrp.instances.flatMap((one) => [
    ...one.addresses,
    ...one.excluded,
  ]);
  if (chosen === undefined || all.some(({ spec }) => spec.address === chosen)) return [];
  const isOwn = own.some(({ address }) => address === chosen);
  const isReplicated = around.expected.replication !== undefined;
  return [translationFinding(effect, out, { chosen, isOwn, isReplicated })];
}

interface Choice {
  readonly chosen: IpAddress;
  readonly isOwn: boolean;
  readonly isReplicated: boolean;
}

/** Without replication no translated connection outlives a failover anyway. */
function translationFinding(
  { name, place, certain }: Effect,
  out: InstanceConfig,
  { chosen, isOwn, isReplicated }: Choice,
): DoctorFinding {
  const { family, table, chain, handle } = place;
  const virtual = out.addresses[0]?.spec.address ?? "";
  const owner = isOwn ? "this router's own address" : "which nobody of the pair holds";
  const code = name === "masquerade" ? "masquerade-own-address" : "reply-address-lost";
  const rule = translating(place, `snat ${family === "inet" ? "ip " : ""}to ${virtual}`, out);
  return report({
    code,
    severity: certain && isOwn && isReplicated ? "error" : "warning",
    place: describePlace(place),
    message: `connections leaving ${out.interface} get ${chosen}, ${owner}, and not the virtual address ${virtual}`,
    fix: `nft 'replace rule ${family} ${table} ${chain} handle ${handle} ${rule}', and the same in the firewall's configuration`,
  });
}

const TRANSLATION =
  /(?:masquerade(?: to :\S+)?|snat (?:ip )?to \S+)(?: (?:random|fully-random|persistent),?)*/;

/** The rule as it is, with another translation; its conditions stay. */
function translating({ text }: RulePlace, statement: string, out: InstanceConfig): string {
  if (!TRANSLATION.test(text)) return `oifname "${out.interface}" ${statement}`;
  return text.replace(/counter packets \d+ bytes \d+/, "counter").replace(TRANSLATION, statement);
}

/** What is no single address is not judged. */
const snatAddress = ({ address }: Effect): IpAddress | undefined =>
  typeof address === "string" ? parseIp(address) : undefined;

/**
 * The kernel takes the first primary address of the interface in the next hop's network, else the first one at all, and
 * does not look at the route's preferred source. Virtual addresses come after those that are there already.
 */
function masqueradeAddress(
  out: InstanceConfig,
  own: readonly AddressSeen[],
  { defaultRoutes }: Snapshot,
): IpAddress | undefined {
  const present = own.filter((entry) => entry.interface === out.interface && !entry.secondary);
  const virtual = out.addresses
    .map(({ spec }) => ({ address: spec.address, prefixLength: spec.prefixLength }))
    .filter(({ address }) => own.every((entry) => entry.address !== address));
  const nextHop =
    out.routes.find(({ spec }) => spec.gateway !== undefined)?.spec.gateway ??
    defaultRoutes?.find(({ family, interface: device }) => family === 4 && device === out.interface)
      ?.gateway;
  const candidates = [...present, ...virtual];
  const near = candidates.find(
    ({ address, prefixLength }) =>
      nextHop !== undefined && prefixContains({ address, length: prefixLength }, nextHop),
  );
  return (near ?? candidates[0])?.address;
}
