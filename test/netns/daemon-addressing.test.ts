import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually, pause, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  addressesOf,
  buildPair,
  GLOBALS,
  holds,
  instance,
  type PairNet,
  startPair,
} from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";

let pair: PairNet;

beforeAll(() => {
  if (isRoot) pair = buildPair();
});
// One test may give an interface another MAC, which is not the next one's business.
beforeEach(() => {
  if (isRoot) pair.lan.namespace.ip("neighbour flush dev br0");
});
afterEach(stopAll);
afterAll(() => {
  if (isRoot) pair.net.close();
});

async function active(config: string): Promise<TestDaemon> {
  const daemon = await TestDaemon.start(pair.alpha, { config });
  await daemon.becomes("I1", "active");
  return daemon;
}

/** Frames that the LAN's switch sees, as tcpdump prints them with link-level headers. */
class Listener {
  text = "";

  private constructor() {}

  static async start(filter: string): Promise<Listener> {
    const listener = new Listener();
    const words = ["-l", "-n", "-e", "-i", "br0", ...filter.split(" ")];
    const child = pair.lan.namespace.spawn("tcpdump", ...words);
    let ready = false;
    child.stderr?.on("data", (chunk: Buffer) => {
      ready ||= chunk.toString("utf8").includes("listening on");
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      listener.text += chunk.toString("utf8");
    });
    await eventually("tcpdump", () => ready);
    return listener;
  }

  async hears(pattern: RegExp): Promise<void> {
    await eventually(`${pattern} in:\n${this.text}`, () => pattern.test(this.text));
  }
}

/** Whether the LAN's host can ping `address` within a second. */
function answers(address: string): boolean {
  try {
    pair.lan.namespace.exec("ping", "-c", "1", "-W", "1", address);
    return true;
  } catch {
    return false;
  }
}

test.runIf(isRoot)(
  "with use_vmac advertisements and gratuitous ARP carry the virtual MAC, which answers",
  async () => {
    const listener = await Listener.start("vrrp or arp");
    const daemon = await active(GLOBALS + instance({ more: "use_vmac" }));
    await listener.hears(
      /00:00:5e:00:01:33 > 01:00:5e:00:00:12.*10\.1\.0\.2 > 224\.0\.0\.18: VRRPv3/,
    );
    await listener.hears(/00:00:5e:00:01:33 > ff:ff:ff:ff:ff:ff.*ARP.*10\.1\.0\.1/);
    expect(holds(pair.alpha, "vrrp.51", "10.1.0.1/24")).toBe(true);
    await eventually("an answer", () => answers("10.1.0.1"));
    const neighbours = pair.lan.namespace.ip("neighbour show 10.1.0.1");
    expect(neighbours).toContain("00:00:5e:00:01:33");
    await daemon.stop();
    expect(pair.alpha.ip("link")).not.toContain("vrrp.51");
  },
);

test.runIf(isRoot)(
  "two routers with virtual MACs elect one, and the MAC moves with the address",
  async () => {
    const config = (priority: number): string => GLOBALS + instance({ priority, more: "use_vmac" });
    const [first, second] = await startPair(pair, config, "I1");
    await eventually("advertisements of the first", async () => {
      const { counters } = await second.instance("I1");
      return counters.advertisementsReceived > 10;
    });
    expect(await second.unit("I1")).toMatchObject({ state: "backup" });
    await eventually("an answer", () => answers("10.1.0.1"));
    await first.stop();
    await second.becomes("I1", "active");
    await eventually("an answer", () => answers("10.1.0.1"));
    expect(holds(pair.beta, "vrrp.51", "10.1.0.1/24")).toBe(true);
  },
);

test.runIf(isRoot)(
  "a macvlan that a dead keepalived left, deaf for the other router, is made anew",
  async () => {
    const mac = "00:00:5e:00:01:33";
    pair.alpha.ip(`link add vrrp.51 link lan address ${mac} type macvlan mode private`);
    const daemon = await active(GLOBALS + instance({ more: "use_vmac" }));
    expect(pair.alpha.ip("-d link show vrrp.51")).toContain("mode bridge");
    expect(await daemon.unit("I1")).toMatchObject({ state: "active" });
    await eventually("an answer", () => answers("10.1.0.1"));
  },
);

test.runIf(isRoot)(
  "a macvlan that is deleted is made again, and so is one whose parent was",
  async () => {
    const daemon = await active(GLOBALS + instance({ more: "use_vmac" }));
    pair.alpha.ip("link del vrrp.51");
    await eventually(
      "the macvlan and its address",
      () =>
        pair.alpha.ip("link").includes("vrrp.51") && holds(pair.alpha, "vrrp.51", "10.1.0.1/24"),
    );
    expect(await daemon.unit("I1")).toMatchObject({ state: "active" });
    pair.alpha.ip("link del lan");
    await daemon.becomes("I1", "fault");
    pair.lan.plug(pair.alpha, "lan");
    pair.alpha.ip("address add 10.1.0.2/24 dev lan");
    await daemon.becomes("I1", "active");
    expect(holds(pair.alpha, "vrrp.51", "10.1.0.1/24")).toBe(true);
    await eventually("an answer", () => answers("10.1.0.1"));
  },
);

test.runIf(isRoot)(
  "an interface that is off at the start gets its virtual MAC switched on later",
  async () => {
    pair.alpha.ip("link set lan down");
    const daemon = await TestDaemon.start(pair.alpha, {
      config: GLOBALS + instance({ more: "use_vmac" }),
    });
    await daemon.becomes("I1", "fault");
    pair.alpha.ip("link set lan up");
    await daemon.becomes("I1", "active");
    await eventually("an answer", () => answers("10.1.0.1"));
  },
);

test.runIf(isRoot)(
  "the parameters that virtual MACs need are put back, by an orderly stop and by the start after SIGKILL",
  async () => {
    const parameters = (): string =>
      pair.alpha.exec(
        "sh",
        "-c",
        "cd /proc/sys/net/ipv4/conf && cat lan/arp_ignore lan/arp_filter all/rp_filter lan/rp_filter wan/rp_filter",
      );
    pair.alpha.exec("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter");
    const before = parameters();
    const first = await active(GLOBALS + instance({ more: "use_vmac" }));
    expect(parameters()).not.toBe(before);
    await first.stop();
    expect(parameters()).toBe(before);

    const config = GLOBALS + instance({ more: "use_vmac" });
    const second = await active(config);
    await second.kill();
    expect(parameters()).not.toBe(before);
    const { folder } = second;
    const third = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance(), folder });
    expect(parameters()).toBe(before);
    await third.stop();
    expect(parameters()).toBe(before);
  },
);

test.runIf(isRoot)(
  "with no_accept the address routes but does not answer, and accept lets it answer again",
  async () => {
    const daemon = await active(GLOBALS + instance({ more: "no_accept" }));
    await eventually("an answer", () => answers("10.1.0.2"));
    expect(answers("10.1.0.1")).toBe(false);
    await daemon.reload(GLOBALS + instance());
    await eventually("an answer", () => answers("10.1.0.1"));
    expect(pair.alpha.exec("nft", "list", "tables")).toBe("");
  },
);

test.runIf(isRoot)("a pair that speaks unicast elects one, and believes nobody else", async () => {
  const config = (priority: number): string => {
    const [own, peer] = priority > 120 ? [2, 3] : [3, 2];
    const more = `unicast_src_ip 10.1.0.${own}
  check_unicast_src
  unicast_peer {
    10.1.0.${peer}
  }`;
    return GLOBALS + instance({ priority, more });
  };
  const listener = await Listener.start("vrrp");
  const [first, second] = await startPair(pair, config, "I1");
  await listener.hears(/10\.1\.0\.2 > 10\.1\.0\.3: VRRPv3/);
  expect(listener.text).not.toContain("224.0.0.18");
  await first.stop();
  await second.becomes("I1", "active");
  await eventually("an answer", () => answers("10.1.0.1"));
});

test.runIf(isRoot)(
  "an IPv6 pair elects one, announces the address and lets it expire with a killed router",
  async () => {
    await eventually("link-local addresses", () =>
      [pair.alpha, pair.beta].every((router) => {
        const text = router.ip("-6 address show dev lan");
        return text.includes("fe80") && !text.includes("tentative");
      }),
    );
    const config = (priority: number): string =>
      GLOBALS + instance({ priority, addresses: ["fe80::1/64", "2001:db8::1/64"] });
    const listener = await Listener.start("ip6");
    const [first, second] = await startPair(pair, config, "I1");
    await listener.hears(/fe80::[0-9a-f:]+ > ff02::12: .*VRRPv3/);
    await listener.hears(
      /2001:db8::1 > ff02::1: ICMP6, neighbor advertisement, tgt is 2001:db8::1/,
    );
    expect(holds(pair.alpha, "lan", "2001:db8::1/64")).toBe(true);
    pair.alpha.ip("-6 address del 2001:db8::1/64 dev lan");
    await eventually("the address", () => holds(pair.alpha, "lan", "2001:db8::1/64"));
    await first.kill();
    await second.becomes("I1", "active");
    await eventually(
      "the addresses to expire",
      () =>
        !addressesOf(pair.alpha, "lan").some(
          (one) => one === "2001:db8::1/64" || one === "fe80::1/64",
        ),
    );
    expect(holds(pair.beta, "lan", "2001:db8::1/64")).toBe(true);
  },
);

test.runIf(isRoot)(
  "excluded addresses of both families come and go with the role and are announced",
  async () => {
    const more = `virtual_ipaddress_excluded {
    10.1.0.8/32
    2001:db8::8/64
  }`;
    const listener = await Listener.start("arp or icmp6");
    const config = (priority: number): string =>
      GLOBALS + instance({ priority, more: `${more}\n  nopreempt` });
    const [first, second] = await startPair(pair, config, "I1");
    await listener.hears(/ARP.*10\.1\.0\.8/);
    await listener.hears(/2001:db8::8 > ff02::1: ICMP6, neighbor advertisement/);
    expect(addressesOf(pair.alpha, "lan")).toEqual(
      expect.arrayContaining(["10.1.0.8/32", "2001:db8::8/64"]),
    );
    await first.client.resign("I1");
    await second.becomes("I1", "active");
    // Only now: alone it would have them back within half a second.
    await first.becomes("I1", "backup");
    expect(addressesOf(pair.alpha, "lan").filter((one) => one.includes("8/"))).toEqual([]);
  },
);

test.runIf(isRoot)(
  "the lifetime of an address is renewed for as long as the role lasts",
  async () => {
    const daemon = await active(GLOBALS + instance());
    const { node } = await daemon.client.status();
    expect(node.fencing).toEqual({ lifetimeSeconds: 2, renewalMs: 500 });
    const shown = pair.alpha.ip("address show dev lan");
    expect(shown).toMatch(/10\.1\.0\.1\/24.*\n\s+valid_lft [12]sec/);
    await pause(2_500);
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
  },
);
