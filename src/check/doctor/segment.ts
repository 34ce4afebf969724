/** What was heard and answered on the wire: other VRRP routers, and who claims which address. */
import { type IpAddress, prefixContains } from "../../base/ip.ts";
import { type Mac, virtualMac } from "../../base/mac.ts";
import { formatDuration, toSeconds } from "../../base/time.ts";
import type { InstanceConfig } from "../../vrrp/config.ts";
import { type DoctorCode, type DoctorFinding, type Expectation, report } from "./finding.ts";
import type { ProbeAnswer, Snapshot, SpeakerSeen } from "./snapshot.ts";

/** A difference of clocks that people notice in logs. */
const CLOCK_DIFFERENCE_MAX_SECONDS = 2;

export function checkSegment(snapshot: Snapshot, expected: Expectation): readonly DoctorFinding[] {
  const { instances } = expected.model.vrrp;
  return [
    ...(snapshot.speakers ?? []).flatMap((speaker) => checkSpeaker(speaker, instances)),
    ...instances.flatMap((instance) => checkCompany(instance, snapshot, expected)),
    ...(snapshot.probes ?? []).flatMap((probe) => checkProbe(probe, snapshot, expected)),
  ];
}

const isOn = (speaker: SpeakerSeen, instance: InstanceConfig): boolean =>
  speaker.interface === instance.interface && speaker.family === instance.family;

function checkSpeaker(
  speaker: SpeakerSeen,
  instances: readonly InstanceConfig[],
): readonly DoctorFinding[] {
  const here = instances.filter((instance) => isOn(speaker, instance));
  const ours = here.find(({ vrid }) => vrid === speaker.vrid);
  if (ours !== undefined) return [...compare(speaker, ours), ...compareClock(speaker, ours)];
  const sharing = here.find(({ addresses }) =>
    addresses.some(({ spec }) => speaker.addresses.includes(spec.address)),
  );
  if (sharing === undefined) return [];
  const message = `${speaker.source} advertises ${speaker.addresses.join(", ")} with VRID ${speaker.vrid}, and ${sharing.name} has VRID ${sharing.vrid}`;
  return [report({ code: "vrid-differs", place: placeOf(sharing), message })];
}

const placeOf = ({ name, interface: device }: InstanceConfig): string => `${name}, ${device}`;

type Comparison = readonly [code: DoctorCode, theirs: string, ours: string, what: string];

const list = (addresses: readonly IpAddress[]): string => addresses.toSorted().join(", ");

function compare(speaker: SpeakerSeen, ours: InstanceConfig): readonly DoctorFinding[] {
  const rows: readonly Comparison[] = [
    ["version-differs", String(speaker.version), String(ours.version), "VRRP version"],
    [
      "interval-differs",
      formatDuration(speaker.interval),
      formatDuration(ours.interval),
      "advertisement interval",
    ],
    ["authentication-differs", speaker.authentication, ours.authentication.type, "authentication"],
    [
      "virtual-lists-differ",
      list(speaker.addresses),
      list(ours.addresses.map(({ spec }) => spec.address)),
      "virtual addresses",
    ],
  ];
  return rows
    .filter(([, theirs, own]) => theirs !== own)
    .map(([code, theirs, own, what]) =>
      report({
        code,
        place: placeOf(ours),
        message: `${speaker.source} advertises VRID ${speaker.vrid} with ${what} ${theirs}, and ${ours.name} has ${own}`,
        // Routers of version 3 take over the interval that they hear.
        ...(code === "interval-differs" && ours.version === 3 && { severity: "warning" as const }),
      }),
    );
}

function compareClock(speaker: SpeakerSeen, ours: InstanceConfig): readonly DoctorFinding[] {
  const { clockAheadSeconds: ahead = 0 } = speaker;
  const { authentication } = ours;
  if (Math.abs(ahead) <= CLOCK_DIFFERENCE_MAX_SECONDS || authentication.type !== "hmac") return [];
  const isRefused =
    authentication.replay === "time" && Math.abs(ahead) > toSeconds(authentication.window);
  const message = `the clock of ${speaker.source} is ${Math.abs(Math.round(ahead))} s ${ahead > 0 ? "ahead of" : "behind"} this one`;
  const severity = isRefused ? "error" : "warning";
  return [report({ code: "clock-differs", place: placeOf(ours), message, severity })];
}

/** Who advertises with our VRID besides us. */
function checkCompany(
  instance: InstanceConfig,
  { speakers, daemon }: Snapshot,
  { peers }: Expectation,
): readonly DoctorFinding[] {
  const company = (speakers ?? []).filter(
    (speaker) => isOn(speaker, instance) && speaker.vrid === instance.vrid && speaker.priority > 0,
  );
  const sources = [...new Set(company.map(({ source }) => source))];
  const findings: DoctorFinding[] = [];
  const known = typeof daemon === "string" ? [] : daemon.instances;
  const state = known.find(({ name }) => name === instance.name)?.state;
  const place = placeOf(instance);
  if (state === "active" && sources.length > 0) {
    const message = `${sources.join(" and ")} advertises VRID ${instance.vrid} while ${instance.name} is active here`;
    findings.push(report({ code: "two-active", place, message }));
  }
  const partners = knownPeers(instance, peers);
  const strangers =
    partners.length === 0 ? sources.slice(1) : sources.filter((one) => !partners.includes(one));
  if (strangers.length > 0) {
    const expectation =
      partners.length === 0
        ? `so does ${sources[0]}`
        : `the other router is ${partners.join(", ")}`;
    const message = `${strangers.join(" and ")} advertises VRID ${instance.vrid}, and ${expectation}`;
    findings.push(report({ code: "foreign-speaker", place, message }));
  }
  return findings;
}

const knownPeers = (
  { family, transport, addresses }: InstanceConfig,
  peers: readonly IpAddress[],
): readonly IpAddress[] => {
  if (transport.type === "unicast") return transport.peers.map(({ address }) => address);
  // Multicast over IPv6 comes from link-local addresses, which the configuration does not name.
  if (family === 6) return [];
  return peers.filter((peer) =>
    addresses.some(({ spec }) =>
      prefixContains({ address: spec.address, length: spec.prefixLength }, peer),
    ),
  );
};

function checkProbe(
  probe: ProbeAnswer,
  snapshot: Snapshot,
  expected: Expectation,
): readonly DoctorFinding[] {
  const { address, interface: device } = probe;
  if (expected.peers.includes(address)) {
    if (probe.macs.length > 0) return [];
    const message = `nobody on ${device} answers for ${address}, the other router's own address`;
    return [report({ code: "peer-silent", place: device, message })];
  }
  const instance = expected.model.vrrp.instances.find(({ addresses, excluded }) =>
    [...addresses, ...excluded].some(({ spec }) => spec.address === address),
  );
  if (instance === undefined) return [];
  const own = new Set((snapshot.links ?? []).map(({ mac }) => mac));
  const legitimate = legitimateMacs(instance, snapshot, expected);
  const others = probe.macs.filter((mac) => !own.has(mac) && !legitimate.includes(mac));
  if (others.length === 0) return [];
  const holds = snapshot.addresses?.some((entry) => entry.address === address) === true;
  const nobody =
    legitimate.length === 0
      ? "and no router is heard advertising it"
      : "which is not the active router";
  const reason = holds ? "although this router holds it" : nobody;
  return [
    report({
      code: "address-conflict",
      place: `${address}, ${device}`,
      message: `${others.join(" and ")} answers for the virtual address ${address}, ${reason}`,
      fix: `find the host with ${others.join(", ")} (bridge fdb show, the switch's table) and give it another address`,
    }),
  ];
}

/** Hardware addresses that may answer for a virtual address that is not here: those of the active router. */
function legitimateMacs(
  instance: InstanceConfig,
  { speakers, probes, addresses }: Snapshot,
  { peers }: Expectation,
): readonly Mac[] {
  const virtual = new Set(instance.addresses.map(({ spec }) => spec.address));
  if (addresses?.some(({ address }) => virtual.has(address)) === true) return [];
  const heard = (speakers ?? [])
    .filter((speaker) => isOn(speaker, instance) && speaker.vrid === instance.vrid)
    .map(({ mac }) => mac);
  const ofPeers = (probes ?? [])
    .filter(
      ({ interface: device, address }) => device === instance.interface && peers.includes(address),
    )
    .flatMap(({ macs }) => macs);
  const known = [...heard, ...ofPeers];
  return known.length === 0 ? [] : [...known, virtualMac(4, instance.vrid)];
}
