/** DHCP beside the virtual addresses: what hosts are told must be what moves. */
import { compareIp, type IpAddress, ipFamily, prefixContains } from "../../base/ip.ts";
import { type Finding, found } from "../finding.ts";
import {
  type DhcpOption,
  type DhcpService,
  interfaceFor,
  networksOn,
  type RouterPicture,
  type StaticLease,
  virtualsOf,
  virtualsOn,
} from "../picture.ts";

const GATEWAY = 3;
const NAME_SERVER = 6;
const WORDS: Readonly<Record<number, string>> = {
  [GATEWAY]: "gateway",
  [NAME_SERVER]: "name server",
};

/** `routers` are both of the pair, as far as they are known. */
export function checkDhcp(
  picture: RouterPicture,
  routers: readonly RouterPicture[],
): readonly Finding[] {
  return [
    ...picture.dhcp.flatMap((service) => checkService(picture, service, routers)),
    ...checkLeases(picture),
  ];
}

/** IPv4 addresses that a service should name. Where its interface is not known, all of them. */
function expectedOf(picture: RouterPicture, service: DhcpService): readonly IpAddress[] {
  if (service.interface !== undefined) return virtualsOn(picture, service.interface, 4);
  return virtualsOf(picture)
    .map(({ prefix }) => prefix.address)
    .filter((address) => ipFamily(address) === 4);
}

function checkService(
  picture: RouterPicture,
  service: DhcpService,
  routers: readonly RouterPicture[],
): readonly Finding[] {
  const expected = expectedOf(picture, service);
  if (expected.length === 0) return [];
  return [
    ...[GATEWAY, NAME_SERVER].flatMap((number) =>
      checkOption(picture, { service, number, expected }, routers),
    ),
    ...(service.forced === false ? [notForced(service)] : []),
    ...checkPool(service, expected, routers),
  ];
}

interface Expectation {
  readonly service: DhcpService;
  readonly number: number;
  readonly expected: readonly IpAddress[];
}

function checkOption(
  picture: RouterPicture,
  { service, number, expected }: Expectation,
  routers: readonly RouterPicture[],
): readonly Finding[] {
  const written = service.options.filter((option) => option.number === number);
  const best = expected[0] as IpAddress;
  const what = `option ${number} (${WORDS[number] ?? ""})`;
  if (written.length === 0) {
    const message = `DHCP on ${service.label} has no ${what}, so hosts are told the router's own address and not ${best}`;
    return [
      found("dhcp-option-missing", service.at, message, `add ${service.writeOption(number, best)}`),
    ];
  }
  return written.flatMap((option) => {
    const wrong = wrongAddresses(picture, { service, number, expected }, option, routers);
    if (wrong.length === 0) return [];
    const message = `${what} on ${service.label} is ${wrong.join(", ")}, and the virtual address there is ${expected.join(", ")}`;
    const fix = isReachable(picture, service, best)
      ? `write ${service.writeOption(number, best)} in its place`
      : `write ${wrong[0] ?? ""} in keepalived.conf in place of ${best}, which is not in this network, or correct both`;
    return [found("dhcp-option-not-virtual", option.at, message, fix)];
  });
}

/** False for a virtual address that is known to be outside the network of its interface. */
const isReachable = (picture: RouterPicture, service: DhcpService, address: IpAddress): boolean =>
  service.interface === undefined ||
  networksOn(picture, service.interface).some((prefix) => prefixContains(prefix, address));

/** A name server may stand elsewhere, and the own addresses of both routers together do as well as a virtual one. */
function wrongAddresses(
  picture: RouterPicture,
  { service, number, expected }: Expectation,
  { addresses }: DhcpOption,
  routers: readonly RouterPicture[],
): readonly IpAddress[] {
  const wrong = addresses.filter((address) => !expected.includes(address));
  if (number === GATEWAY) return wrong;
  const gateways = new Set(
    service.options
      .filter((option) => option.number === GATEWAY)
      .flatMap((option) => option.addresses),
  );
  const networks = service.interface === undefined ? [] : networksOn(picture, service.interface);
  const isLocal = (address: IpAddress): boolean =>
    gateways.has(address) || networks.some((prefix) => prefixContains(prefix, address));
  const owners = routers.filter(({ ownAddresses }) =>
    ownAddresses.some(({ prefix }) => addresses.includes(prefix.address)),
  );
  if (owners.length === 2) return [];
  return wrong.filter(isLocal);
}

function notForced({ label, at }: DhcpService): Finding {
  const message = `DHCP on ${label} is not forced, so dnsmasq stays silent when it hears the other router's at its start`;
  return found("dhcp-force-missing", at, message);
}

function checkPool(
  { pool, label }: DhcpService,
  expected: readonly IpAddress[],
  routers: readonly RouterPicture[],
): readonly Finding[] {
  if (pool === undefined) return [];
  const own = routers.flatMap(({ ownAddresses }) =>
    ownAddresses.map(({ prefix }) => prefix.address),
  );
  const inside = [...new Set([...expected, ...own])].filter(
    (address) =>
      ipFamily(address) === 4 &&
      compareIp(pool.first, address) <= 0 &&
      compareIp(address, pool.last) <= 0,
  );
  if (inside.length === 0) return [];
  const message = `the pool of ${label}, ${pool.first} to ${pool.last}, contains ${inside.join(", ")} of the routers`;
  return [found("dhcp-pool-covers", pool.at, message)];
}

/** A host may have one entry in each of several networks. */
function checkLeases(picture: RouterPicture): readonly Finding[] {
  const seen = new Map<string, StaticLease>();
  return picture.leases.flatMap((lease) => {
    const { macs, address, name } = lease;
    const network = (address === undefined ? undefined : interfaceFor(picture, address)) ?? "";
    const keys = [
      ...macs.map((mac) => `hardware address ${mac}`),
      ...(address === undefined ? [] : [`address ${address}`]),
      ...(name === undefined ? [] : [`name ${name.toLowerCase()}`]),
    ];
    const repeated = keys.filter((key) => seen.has(`${network} ${key}`));
    const [first] = repeated;
    const other = first === undefined ? undefined : seen.get(`${network} ${first}`);
    for (const key of keys)
      if (!seen.has(`${network} ${key}`)) seen.set(`${network} ${key}`, lease);
    if (other === undefined) return [];
    const message = `static lease ${describeLease(lease)} has the ${repeated.join(" and the ")} of the one in line ${other.at.line}`;
    return [found("dhcp-host-duplicate", lease.at, message)];
  });
}

export const describeLease = ({ name, macs, address }: StaticLease): string =>
  name ?? macs[0] ?? address ?? "without a name";
