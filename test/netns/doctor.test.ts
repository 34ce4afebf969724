/** `duet doctor` on a real pair: each fault is made for real, and looking changes nothing. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DoctorReport } from "../../src/cli/doctor-text.ts";
import { eventually, newFolder, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  atRest,
  buildPair,
  GLOBALS,
  holds,
  instance,
  type PairNet,
} from "../support/daemon-pair.ts";
import { isRoot, type TestNamespace } from "../support/netns.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const VRRP_INPUT = "add chain inet t input { type filter hook input priority 0; }";

const config = (addresses: readonly string[] = ["10.1.0.1/24"], vrid = 51): string =>
  `${GLOBALS}vrrp_sync_group G1 {
  group {
    E1
    I1
  }
}
${instance({ addresses, vrid })}
${instance({ name: "E1", interface: "wan", vrid: 52, addresses: ["10.2.0.4/24"] })}`;

const CONNTRACKD = `Sync {
  Mode FTFW {
  }
  UDP {
    IPv4_address 10.255.0.1
    IPv4_Destination_Address 10.255.0.2
    Port 3780
    Interface sync
  }
}
General {
  HashLimit 4194304
  UNIX {
    Path @DIR@/conntrackd.ctl
  }
}
`;

interface Visit {
  readonly status: number | null;
  readonly report: DoctorReport;
}

describe.skipIf(!isRoot)("duet doctor", () => {
  let pair: PairNet;
  let folder: string;

  beforeAll(() => {
    pair = buildPair();
    pair.net.cable(pair.alpha, "sync", pair.beta, "sync");
    pair.alpha.ip("address add 10.255.0.1/30 dev sync");
    pair.beta.ip("address add 10.255.0.2/30 dev sync");
  });
  beforeEach(() => {
    folder = newFolder();
    writeFileSync(path.join(folder, "keepalived.conf"), config());
    writeFileSync(path.join(folder, "conntrackd.conf"), CONNTRACKD.replaceAll("@DIR@", folder));
    for (const router of [pair.alpha, pair.beta])
      router.exec("sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
  });
  afterEach(async () => {
    await stopAll();
    for (const router of [pair.alpha, pair.beta]) {
      router.exec("nft", "flush", "ruleset");
      // oxlint-disable-next-line no-await-in-loop -- what a killed daemon held runs out by itself
      await eventually("virtual addresses to run out", () => !holds(router, "lan", "10.1.0.1/24"));
    }
  });
  afterAll(() => pair.net.close());

  const inFolder = (...words: readonly string[]): readonly string[] => [
    "--keepalived",
    path.join(folder, "keepalived.conf"),
    "--socket",
    path.join(folder, "duet.sock"),
    ...words,
  ];

  function visit(
    router: TestNamespace,
    words: readonly string[] = inFolder(),
    through: readonly string[] = [],
  ): Visit {
    const command = [process.execPath, PROGRAM, "doctor", "--json", ...words];
    const line = ["netns", "exec", router.name, ...through, ...command];
    const { status, stdout, stderr } = spawnSync("ip", line, { encoding: "utf8" });
    if (stdout === "") throw new Error(stderr);
    return { status, report: JSON.parse(stdout) as DoctorReport };
  }

  const codes = (router: TestNamespace, words?: readonly string[]): readonly string[] =>
    visit(router, words).report.findings.map(({ code }) => code);

  /** Without listening, where nothing on the wire matters. */
  const quiet = (): readonly string[] => inFolder("--listen", "0");
  const replicating = (): readonly string[] =>
    inFolder("--conntrackd", path.join(folder, "conntrackd.conf"), "--listen", "0");

  const found = ({ report }: Visit, code: string): DoctorReport["findings"][number] | undefined =>
    report.findings.find((finding) => finding.code === code);

  test("a pair that works has no errors, on either router, and looking changes nothing", async () => {
    await Promise.all([pair.alpha, pair.beta].map(atRest));
    const options = { config: config() };
    const alpha = await TestDaemon.start(pair.alpha, options);
    await alpha.becomes("G1", "active");
    const beta = await TestDaemon.start(pair.beta, options);
    await eventually("beta to hear alpha", async () =>
      (await beta.client.status()).instances.every(({ active }) => active !== null),
    );
    pair.beta.exec("nft", "add", "table", "inet", "t");
    pair.beta.exec("nft", VRRP_INPUT);
    const before = stateOf(pair.beta);
    for (const [router, daemon] of [
      [pair.alpha, alpha],
      [pair.beta, beta],
    ] as const) {
      const words = ["--keepalived", daemon.configFile, "--socket", daemon.socket];
      const { status, report } = visit(router, words);
      expect(report.findings.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(status).toBe(0);
    }
    expect(stateOf(pair.beta)).toEqual(before);
    expect(await alpha.unit("G1")).toMatchObject({ state: "active" });
    expect((await alpha.events("vrrp.transition")).length).toBe(2);
  });

  test("a rule that drops advertisements is named by its handle, and its fix is one", () => {
    pair.alpha.exec("nft", "add", "table", "inet", "t");
    pair.alpha.exec("nft", VRRP_INPUT);
    pair.alpha.exec("nft", "add rule inet t input iifname lan ip protocol vrrp drop");
    const seen = visit(pair.alpha, quiet());
    const finding = found(seen, "vrrp-dropped");
    expect(finding?.place).toMatch(
      /^table inet t, chain input, rule handle \d+ \(iifname "lan" ip protocol vrrp drop\)$/,
    );
    expect(seen.status).toBe(1);
    const command = /^nft '(.*)',/.exec(finding?.fix ?? "")?.[1] ?? "";
    pair.alpha.exec("nft", command);
    expect(codes(pair.alpha, quiet())).not.toContain("vrrp-dropped");
  });

  test("a closed policy, translation to the own address and tracked traffic are told", () => {
    for (const line of [
      "add table inet t",
      "add chain inet t input { type filter hook input priority 0; policy drop; }",
      "add rule inet t input ct state established,related accept",
      "add table ip n",
      "add chain ip n post { type nat hook postrouting priority 100; }",
      "add rule ip n post oifname wan ip saddr 10.1.0.0/24 masquerade",
    ])
      pair.alpha.exec("nft", line);
    const seen = visit(pair.alpha, replicating());
    for (const code of [
      "vrrp-dropped",
      "replication-dropped",
      "masquerade-own-address",
      "own-traffic-tracked",
    ])
      expect(found(seen, code), code).toBeDefined();
    pair.alpha.exec("nft", /^nft '(.*)',/.exec(found(seen, "masquerade-own-address")!.fix)![1]!);
    for (const command of found(seen, "own-traffic-tracked")!.fix.split("; nft "))
      pair.alpha.exec("sh", "-c", command.startsWith("nft") ? command : `nft ${command}`);
    expect(pair.alpha.exec("nft", "list", "chain", "ip", "n", "post")).toContain(
      'oifname "wan" ip saddr 10.1.0.0/24 snat to 10.2.0.4',
    );
    const after = visit(pair.alpha, replicating());
    expect(found(after, "masquerade-own-address")).toBeUndefined();
    expect(after.report.findings.filter(({ code }) => code === "own-traffic-tracked")).toHaveLength(
      1,
    );
  });

  test("kernel parameters that are off are told with their names", () => {
    pair.alpha.exec("sysctl", "-q", "-w", "net.ipv4.ip_forward=0");
    pair.alpha.exec("sysctl", "-q", "-w", "net.netfilter.nf_conntrack_events=0");
    try {
      const seen = visit(pair.alpha, replicating());
      expect(found(seen, "forwarding-off")).toMatchObject({ place: "net.ipv4.ip_forward" });
      expect(found(seen, "events-off")).toMatchObject({
        place: "net.netfilter.nf_conntrack_events",
      });
    } finally {
      pair.alpha.exec("sysctl", "-q", "-w", "net.netfilter.nf_conntrack_events=1");
    }
  });

  test("a cable that is out, and an interface that is down or missing", async () => {
    const [port] = pair.wanPorts;
    pair.wan.namespace.ip(`link set ${port} down`);
    const missed = await eventually("the carrier to be missed", () =>
      found(visit(pair.alpha, quiet()), "no-carrier"),
    );
    expect(missed).toMatchObject({ place: "wan" });
    pair.wan.namespace.ip(`link set ${port} up`);
    pair.alpha.ip("link set sync down");
    expect(codes(pair.alpha, replicating())).toContain("interface-down");
    pair.alpha.ip("link set sync name other");
    expect(codes(pair.alpha, replicating())).toContain("interface-missing");
    pair.alpha.ip("link set other name sync");
    pair.alpha.ip("link set sync up");
    await eventually("the carrier", () => !codes(pair.alpha, quiet()).includes("no-carrier"));
  });

  test("a host that answers ARP for a virtual address is told with its hardware address", () => {
    pair.lan.namespace.ip("address add 10.1.0.1/24 dev br0");
    try {
      const finding = found(visit(pair.alpha), "address-conflict");
      expect(finding?.place).toBe("10.1.0.1, lan");
      expect(finding?.message).toContain(pair.lan.namespace.macOf("br0"));
      const neighbours = JSON.stringify(pair.lan.namespace.ipJson("neighbour show"));
      expect(neighbours).not.toContain("10.1.0.2");
    } finally {
      pair.lan.namespace.ip("address del 10.1.0.1/24 dev br0");
    }
  });

  test.each([
    ["virtual-lists-differ", ["10.1.0.1/24", "10.1.0.5/24"], 51],
    ["vrid-differs", ["10.1.0.1/24"], 77],
  ] as const)("another speaker on the segment: %s", async (code, addresses, vrid) => {
    const other = await TestDaemon.start(pair.beta, { config: config(addresses, vrid) });
    await other.becomes("G1", "active");
    expect(found(visit(pair.alpha), code)?.message).toContain("10.1.0.3 advertises");
  });

  test("a speaker over IPv6 is heard with its link-local address", async () => {
    const six = (last: string): string =>
      GLOBALS + instance({ addresses: ["fe80::5/64", `fd00:1::${last}/64`] });
    const other = await TestDaemon.start(pair.beta, { config: six("5") });
    await other.becomes("I1", "active");
    writeFileSync(path.join(folder, "keepalived.conf"), six("6"));
    const { source } = await other.instance("I1");
    expect(found(visit(pair.alpha), "virtual-lists-differ")?.message).toBe(
      `${source} advertises VRID 51 with virtual addresses fd00:1::5, fe80::5, and I1 has fd00:1::6, fe80::5`,
    );
  });

  test("two active routers hear each other here although their rules drop it", async () => {
    const daemons: TestDaemon[] = [];
    for (const router of [pair.alpha, pair.beta]) {
      router.exec("nft", "add", "table", "inet", "t");
      router.exec("nft", VRRP_INPUT);
      router.exec("nft", "add rule inet t input ip protocol vrrp drop");
      // oxlint-disable-next-line no-await-in-loop -- two is few
      daemons.push(await TestDaemon.start(router, { config: config() }));
    }
    const [alpha, beta] = daemons as [TestDaemon, TestDaemon];
    await Promise.all([alpha.becomes("G1", "active"), beta.becomes("G1", "active")]);
    const words = ["--keepalived", alpha.configFile, "--socket", alpha.socket];
    const seen = codes(pair.alpha, words);
    expect(seen).toEqual(expect.arrayContaining(["two-active", "vrrp-dropped"]));
    expect(seen).toContain("address-conflict");
  });

  /** Writes the pair's file; beta's address on the WAN is the last. */
  function writePair(wan: string): string {
    const file = path.join(folder, "duet.yaml");
    writeFileSync(
      file,
      `pair: home
routers:
  alpha: { lan: 10.1.0.2/24, wan: 10.2.0.2/24, link: 10.255.0.1/30 }
  beta: { lan: 10.1.0.3/24, wan: ${wan}/24, link: 10.255.0.2/30 }
networks:
  lan: { interface: lan, address: 10.1.0.1/24 }
  wan: { interface: wan, address: 10.2.0.4/24, gateway: 10.2.0.1 }
  link: { interface: sync }
`,
    );
    return file;
  }

  test("rules that are rendered from the pair's file have no findings, whatever else masquerades", () => {
    const file = writePair("10.2.0.3");
    const rules = path.join(folder, "duet.nft");
    const render = ["render", "nftables", "--config", file, "--node", "alpha", "--output", rules];
    pair.alpha.exec(process.execPath, PROGRAM, ...render);
    pair.alpha.exec("nft", "-f", rules);
    for (const line of [
      "add table ip n",
      "add chain ip n post { type nat hook postrouting priority 100; }",
      "add rule ip n post oifname wan masquerade",
    ])
      pair.alpha.exec("nft", line);
    const words = ["--config", file, "--socket", path.join(folder, "duet.sock"), "--listen", "0"];
    const aboutRules = visit(pair.alpha, words).report.findings.filter(({ place }) =>
      /table|tracking/.test(place),
    );
    expect(aboutRules).toEqual([]);
  });

  test("a bridge without ports", () => {
    pair.alpha.ip("link add empty type bridge");
    pair.alpha.ip("link set empty up");
    pair.alpha.ip("address add 10.9.0.2/24 dev empty");
    const text = GLOBALS + instance({ interface: "empty", addresses: ["10.9.0.1/24"] });
    writeFileSync(path.join(folder, "keepalived.conf"), text);
    expect(found(visit(pair.alpha, quiet()), "bridge-empty")).toMatchObject({ place: "empty" });
    pair.alpha.ip("link del empty");
  });

  test("the pair's file: this router is found by its addresses, and the other one is asked", () => {
    const file = writePair("10.2.0.99");
    const words = ["--config", file, "--socket", path.join(folder, "duet.sock")];
    const seen = visit(pair.alpha, words);
    expect(seen.report.node).toMatch(/^this is alpha: it has /);
    const silent = seen.report.findings.filter(({ code }) => code === "peer-silent");
    expect(silent.map(({ message }) => message)).toEqual([
      "nobody on wan answers for 10.2.0.99, the other router's own address",
    ]);
  });

  test("an ordinary user is told what could not be looked at, and how", () => {
    const through = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    pair.alpha.exec("chmod", "-R", "a+rX", folder);
    const { status, report } = visit(pair.alpha, inFolder(), through);
    expect(status).toBe(0);
    expect(report.unseen.map(({ what }) => what)).toEqual(
      expect.arrayContaining(["VRRP and ARP on the wire", "the rules of the packet filter"]),
    );
    for (const { what, reason, fix } of report.unseen)
      for (const text of [what, reason, fix]) expect(text).not.toMatch(/^$|undefined/);
  });

  test("without nft it says what to install, and goes on", () => {
    const hide = 'mount -t tmpfs none /usr/sbin && exec "$0" "$@"';
    const through = ["unshare", "--mount", "sh", "-c", hide];
    pair.alpha.exec("sysctl", "-q", "-w", "net.ipv4.ip_forward=0");
    const seen = visit(pair.alpha, quiet(), through);
    expect(seen.report.unseen).toContainEqual({
      what: "the rules of the packet filter",
      reason: "nft is not installed",
      fix: "apt install nftables (OpenWrt: opkg install nftables-json)",
    });
    expect(found(seen, "forwarding-off")).toBeDefined();
  });

  test("a configuration with errors is not judged by", () => {
    const words = ["--keepalived", path.join(folder, "nowhere.conf")];
    const command = [process.execPath, PROGRAM, "doctor", ...words];
    const { status, stderr } = spawnSync("ip", ["netns", "exec", pair.alpha.name, ...command], {
      encoding: "utf8",
    });
    expect(status).toBe(2);
    expect(stderr).toContain("nowhere.conf");
  });
});

/** Everything that a look might change, without what changes by itself. */
function stateOf(router: TestNamespace): readonly string[] {
  const parameters = router
    .exec("sysctl", "-a", "--pattern", "^net\\.(ipv4|ipv6)\\.conf|ip_forward|nf_conntrack_(max|ev)")
    .split("\n")
    .filter((line) => !line.includes("stable_secret"));
  return [
    router.exec("nft", "-a", "list", "ruleset"),
    router.ip("-oneline address show"),
    router.ip("route show table all"),
    router.ip("rule show"),
    router.ip("maddress show"),
    ...parameters,
  ];
}
