/** Kernel parameters that decide whether the router routes, and whether replicated connections live on. */
import type { IpFamily } from "../../base/ip.ts";
import { type DoctorCode, type DoctorFinding, type Expectation, report } from "./finding.ts";
import { type DaemonSeen, type Snapshot, sysctlName } from "./snapshot.ts";

/** Part of the table that may be in use before it counts as full. */
const FULL_PART = 0.9;
/** Connections per bucket that lookups stay quick with. */
const CHAIN_LENGTH_MAX = 8;

export const checkKernel = (
  { sysctls, daemon }: Snapshot,
  expected: Expectation,
): readonly DoctorFinding[] => [
  ...checkForwarding(sysctls, expected),
  ...(expected.replication === undefined
    ? []
    : checkTracking(sysctls, expected, typeof daemon === "string" ? undefined : daemon)),
  ...checkVirtualMacs(sysctls, expected),
];

type Parameters = Snapshot["sysctls"];

const set = (code: DoctorCode, name: string, value: number, message: string): DoctorFinding =>
  report({ code, place: name, message, fix: setting(name, value) });

const setting = (name: string, value: number): string =>
  `sysctl -w ${name}=${value} && echo '${name} = ${value}' >> /etc/sysctl.d/90-duet.conf`;

const FORWARDING: Readonly<
  Record<IpFamily, { readonly name: string; readonly per: "net.ipv4.conf" | "net.ipv6.conf" }>
> = {
  4: { name: "net.ipv4.ip_forward", per: "net.ipv4.conf" },
  6: { name: "net.ipv6.conf.all.forwarding", per: "net.ipv6.conf" },
};

/** A host with one interface is no router: it may well hold a virtual address without forwarding. */
function checkForwarding(
  sysctls: Parameters,
  { model: { vrrp } }: Expectation,
): readonly DoctorFinding[] {
  return ([4, 6] as const).flatMap((family) => {
    const instances = vrrp.instances.filter((instance) => instance.family === family);
    const interfaces = new Set(instances.map((instance) => instance.interface));
    if (interfaces.size < 2 && instances.every(({ routes }) => routes.length === 0)) return [];
    const { name, per } = FORWARDING[family];
    if (sysctls[name] === "0")
      return [set("forwarding-off", name, 1, `IPv${family} forwarding is off on a router`)];
    return [...interfaces]
      .map((device) => ({ device, path: sysctlName(per, device, "forwarding") }))
      .filter(({ path }) => sysctls[path] === "0")
      .map(({ device, path }) =>
        set("forwarding-off", path, 1, `IPv${family} forwarding is off on ${device}`),
      );
  });
}

function checkTracking(
  sysctls: Parameters,
  { replication }: Expectation,
  daemon: DaemonSeen | undefined,
): readonly DoctorFinding[] {
  const number = (name: string): number | undefined => {
    const text = sysctls[`net.netfilter.${name}`];
    return text === undefined ? undefined : Number(text);
  };
  const max = number("nf_conntrack_max");
  if (max === undefined)
    return [
      report({
        code: "tracking-missing",
        place: "net.netfilter",
        message: "the kernel has no net.netfilter.nf_conntrack_max",
      }),
    ];
  const findings: DoctorFinding[] = [];
  const off = (code: DoctorCode, name: string, message: string): void => {
    if (number(name) === 0) findings.push(set(code, `net.netfilter.${name}`, 1, message));
  };
  off("events-off", "nf_conntrack_events", "the kernel reports no changes of connections");
  // Without window tracking what is loaded at a takeover is marked as liberal, flow by flow.
  if (replication?.windowTracking === true)
    off("windows-strict", "nf_conntrack_tcp_be_liberal", "TCP windows are judged strictly");
  off("pickup-off", "nf_conntrack_tcp_loose", "TCP connections are not picked up midway");
  const room = {
    max,
    count: number("nf_conntrack_count"),
    buckets: number("nf_conntrack_buckets"),
  };
  findings.push(...checkRoom(room));
  const limit = replication?.hashLimit ?? max;
  if (limit < max)
    findings.push(
      report({
        code: "hash-limit-low",
        place: "net.netfilter.nf_conntrack_max",
        message: `the kernel takes ${max} connections, and at most ${limit} are replicated`,
        fix: `set HashLimit (hash-limit) to ${max * 2}`,
      }),
    );
  return [...findings, ...checkPeerRoom(max, daemon)];
}

interface Room {
  readonly max: number;
  readonly count: number | undefined;
  readonly buckets: number | undefined;
}

function checkRoom({ max, count = 0, buckets }: Room): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const name = "net.netfilter.nf_conntrack_max";
  if (count > max * FULL_PART)
    findings.push(set("table-full", name, max * 2, `${count} of at most ${max} connections`));
  if (buckets !== undefined && buckets > 0 && max / buckets > CHAIN_LENGTH_MAX)
    findings.push(
      set(
        "buckets-few",
        "net.netfilter.nf_conntrack_buckets",
        Math.ceil(max / 4),
        `${buckets} buckets for up to ${max} connections`,
      ),
    );
  return findings;
}

function checkPeerRoom(max: number, daemon: DaemonSeen | undefined): readonly DoctorFinding[] {
  const theirs = daemon?.replication?.peerKernel?.max ?? max;
  if (theirs >= max) return [];
  const message = `the other router takes ${theirs} connections, this one ${max}`;
  const fix = `on the other router: ${setting("net.netfilter.nf_conntrack_max", max)}`;
  const place = "net.netfilter.nf_conntrack_max";
  return [report({ code: "peer-table-smaller", place, message, fix })];
}

/** The kernel applies the greater of an interface's value and that of all. */
function checkVirtualMacs(
  sysctls: Parameters,
  { model: { vrrp } }: Expectation,
): readonly DoctorFinding[] {
  const parents = new Set(
    vrrp.instances
      .filter(({ virtualMac, family }) => virtualMac !== undefined && family === 4)
      .map((instance) => instance.interface),
  );
  const value = (device: string, name: string): number | undefined => {
    const own = sysctls[sysctlName("net.ipv4.conf", device, name)];
    const all = sysctls[`net.ipv4.conf.all.${name}`];
    return own === undefined ? undefined : Math.max(Number(own), Number(all ?? 0));
  };
  return [...parents].flatMap((device) => {
    const at = (name: string): string => sysctlName("net.ipv4.conf", device, name);
    const findings: DoctorFinding[] = [];
    if (value(device, "rp_filter") === 1)
      findings.push(
        set(
          "reverse-path-strict",
          at("rp_filter"),
          2,
          `the reverse path filter of ${device} is strict`,
        ),
      );
    if (value(device, "arp_ignore") === 0)
      findings.push(
        set("arp-answers-for-all", at("arp_ignore"), 1, `${device} answers ARP for every address`),
      );
    return findings;
  });
}
