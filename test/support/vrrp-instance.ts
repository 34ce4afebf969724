import { type IpAddress, parseIp } from "../../src/base/ip.ts";
import { NO_TIME, seconds } from "../../src/base/time.ts";
import type { InstanceConfig, VirtualAddress } from "../../src/vrrp/config.ts";
import { DUET_PROTOCOL } from "../../src/wire/objects.ts";

export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new TypeError(`not an address: ${text}`);
  return address;
}

export const virtualAddress = (text: string): VirtualAddress => ({
  tracked: true,
  spec: {
    interface: "eth0",
    address: ip(text),
    prefixLength: text.includes(":") ? 64 : 24,
    scope: 0,
    flags: 0,
    protocol: DUET_PROTOCOL,
    validLifetime: "forever",
    preferredLifetime: "forever",
  },
});

export const PASSWORD = { type: "password", password: "733363726574" } as const;

/** VRRPv2 on eth0 with VRID 51, priority 100, one address and no authentication, unless `changes` says otherwise. */
export const instanceConfig = (changes: Partial<InstanceConfig> = {}): InstanceConfig => ({
  name: "VI_1",
  interface: "eth0",
  family: 4,
  version: 2,
  vrid: 51,
  priority: 100,
  startsActive: false,
  interval: seconds(1),
  downAdverts: 3,
  preempt: true,
  preemptDelay: NO_TIME,
  accept: true,
  transport: { type: "multicast", group: ip("224.0.0.18") },
  trackSource: false,
  authentication: { type: "none" },
  checksum: "pseudo-header",
  oldUnicastChecksum: "auto",
  skipAddressCheck: false,
  addresses: [virtualAddress("192.0.2.100")],
  excluded: [],
  routes: [],
  rules: [],
  announcements: {
    repeat: 5,
    delay: seconds(5),
    refresh: NO_TIME,
    refreshRepeat: 1,
    lowerPriorityRepeat: 5,
    lowerPriorityDelay: seconds(5),
    arpInterval: NO_TIME,
    naInterval: NO_TIME,
  },
  advertiseToLower: true,
  advertiseToHigher: false,
  ownerIgnoresAdverts: false,
  strict: false,
  trackInterface: true,
  tracking: [],
  promoteSecondaries: false,
  reportPriorityChanges: false,
  ...changes,
});
