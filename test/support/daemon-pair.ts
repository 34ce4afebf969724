/** A pair of routers between a LAN and a WAN, and the configuration of an instance for them. */
import { type DaemonOptions, eventually, TestDaemon } from "./daemon.ts";
import { type TestNamespace, TestNet, type TestSwitch } from "./netns.ts";

export interface PairNet {
  readonly net: TestNet;
  /** Routers with interface lan 10.1.0.2 or .3 and wan 10.2.0.2 or .3, both /24. */
  readonly alpha: TestNamespace;
  readonly beta: TestNamespace;
  /** Its bridge is 10.1.0.9. */
  readonly lan: TestSwitch;
  /** Its bridge is 10.2.0.1, the gateway. */
  readonly wan: TestSwitch;
  /** Ports of alpha and of beta at the LAN's switch. */
  readonly lanPorts: readonly [string, string];
  readonly wanPorts: readonly [string, string];
}

export function buildPair(): PairNet {
  const net = new TestNet();
  const [alpha, beta] = [net.namespace("alpha"), net.namespace("beta")];
  const [lan, wan] = [net.switch("lan"), net.switch("wan")];
  const lanPorts = [lan.plug(alpha, "lan"), lan.plug(beta, "lan")] as const;
  const wanPorts = [wan.plug(alpha, "wan"), wan.plug(beta, "wan")] as const;
  for (const [router, host] of [
    [alpha, 2],
    [beta, 3],
  ] as const) {
    router.ip(`address add 10.1.0.${host}/24 dev lan`);
    router.ip(`address add 10.2.0.${host}/24 dev wan`);
  }
  lan.namespace.ip("address add 10.1.0.9/24 dev br0");
  wan.namespace.ip("address add 10.2.0.1/24 dev br0");
  return { net, alpha, beta, lan, wan, lanPorts, wanPorts };
}

/** Adds a dedicated link: interface sync, 10.255.0.1 and .2. */
export function addLink({ net, alpha, beta }: PairNet): void {
  net.cable(alpha, "sync", beta, "sync");
  alpha.ip("addr add 10.255.0.1/30 dev sync");
  beta.ip("addr add 10.255.0.2/30 dev sync");
}

export interface ReplicationText {
  /** What stands in Mode FTFW, and in Filter From Userspace. */
  readonly mode: string;
  readonly filter: string;
}

/** A conntrackd.conf that replicates over the WAN. */
export function conntrackdOf(router: "alpha" | "beta", { mode, filter }: ReplicationText): string {
  const [own, other] = router === "alpha" ? [2, 3] : [3, 2];
  return `Sync {
  Mode FTFW { ${mode} }
  UDP {
    IPv4_address 10.2.0.${own}
    IPv4_Destination_Address 10.2.0.${other}
    Port 3780
    Interface wan
  }
}
General {
  HashLimit 4096
  LockFile @DIR@/conntrack.lock
  Filter From Userspace { ${filter} }
}
`;
}

/** Global options that every test wants: no pauses between bursts, no warnings about scripts. */
export const GLOBALS = `global_defs {
  enable_script_security
  script_user root
  vrrp_version 3
}
`;

export interface InstanceText {
  readonly name?: string;
  readonly interface?: string;
  readonly vrid?: number;
  readonly priority?: number;
  readonly interval?: number;
  readonly addresses?: readonly string[];
  /** Further lines of the block. */
  readonly more?: string;
}

/** A vrrp_instance block: VRRPv3 at 0.1 s on the LAN, address 10.1.0.1/24, unless told otherwise. */
export function instance({
  name = "I1",
  interface: device = "lan",
  vrid = 51,
  priority = 100,
  interval = 0.1,
  addresses = ["10.1.0.1/24"],
  more = "",
}: InstanceText = {}): string {
  const list = addresses.map((address) => `    ${address}`).join("\n");
  return `vrrp_instance ${name} {
  interface ${device}
  virtual_router_id ${vrid}
  priority ${priority}
  advert_int ${interval}
  virtual_ipaddress {
${list}
  }
  ${more}
}
`;
}

/** The how-to's sync group: E1 with a default route that has the virtual address as its source, and I1. */
export function howTo(priority: number, more = ""): string {
  const route = `virtual_routes {
    src 10.2.0.4 to 0.0.0.0/0 via 10.2.0.1 dev wan metric 5
  }
  ${more}`;
  return `${GLOBALS}vrrp_sync_group G1 {
  group {
    E1
    I1
  }
}
${instance({ priority, more })}
${instance({ name: "E1", interface: "wan", priority, addresses: ["10.2.0.4/24"], more: route })}`;
}

/** The words that ip(8) prints for every address of `device`. */
export function addressesOf(router: TestNamespace, device: string): readonly string[] {
  const [link] = router.ipJson(`address show dev ${device}`) as readonly {
    readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
  }[];
  return (link?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}

/** Addresses with a lifetime: those of a daemon that was killed are gone within two seconds. */
const isFleeting = (router: TestNamespace): boolean => router.ip("-4 address").includes("dynamic");

/** Interfaces whose carrier the kernel has not yet reported, or that have none. */
const isDark = (router: TestNamespace): boolean =>
  (router.ipJson("link show type veth") as readonly { readonly operstate: string }[]).some(
    ({ operstate }) => operstate !== "UP",
  );

/** IPv6 addresses that the kernel still asks for on the link, a second or two after the cable is in. */
const isTentative = (router: TestNamespace): boolean =>
  router.ip("-6 address").includes("tentative");

/** Waits until nothing changes by itself: cables have carriers and addresses, and what a killed daemon held has run out. */
export async function atRest(router: TestNamespace): Promise<void> {
  await eventually("cables and addresses to settle", () =>
    [isFleeting, isDark, isTentative].every((isMoving) => !isMoving(router)),
  );
}

/** True while `device` has the address, given with its prefix length. */
export const holds = (router: TestNamespace, device: string, address: string): boolean =>
  addressesOf(router, device).includes(address);

/** Routes as `ip route` prints them. */
export const routesOf = (router: TestNamespace, selector = "show"): readonly string[] =>
  router
    .ip(`route ${selector}`)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** A daemon on each router, the first one with the higher priority and Active, which the second one has heard on every link. */
export async function startPair(
  { alpha, beta }: Pick<PairNet, "alpha" | "beta">,
  config: (priority: number) => string,
  unit: string,
  options: Omit<DaemonOptions, "config"> = {},
): Promise<readonly [TestDaemon, TestDaemon]> {
  const first = await TestDaemon.start(alpha, { ...options, config: config(150) });
  await first.becomes(unit, "active");
  const second = await TestDaemon.start(beta, { ...options, config: config(100) });
  const { members } = await second.becomes(unit, "backup");
  await eventually("the second router to hear the first", async () => {
    const { instances } = await second.client.status();
    return instances.every(({ name, active }) => !members.includes(name) || active !== null);
  });
  return [first, second];
}
