/** duet init on a router as it is: what it finds there, and that the daemon can be run from what it writes. */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newFolder, stopAll } from "../support/daemon.ts";
import { isRoot, TestNet } from "../support/netns.ts";
import { pairOf } from "../support/pair-files.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

describe.skipIf(!isRoot)("duet init on a router", () => {
  let net: TestNet;
  beforeAll(() => {
    net = new TestNet();
  });
  afterEach(() => stopAll());
  afterAll(() => net.close());

  test("finds interfaces, addresses and the default route, and duet check has nothing to say", () => {
    const router = net.namespace("router");
    const others = net.namespace("others");
    for (const name of ["br-lan", "wan", "cable"]) net.cable(router, name, others, `o-${name}`);
    router.ip("addr add 192.168.1.2/24 dev br-lan");
    router.ip("addr add 192.168.0.2/24 dev wan");
    router.ip("addr add 10.255.0.1/30 dev cable");
    router.ip("route add default via 192.168.0.1 dev wan");
    const config = path.join(newFolder(), "etc/duet.yaml");
    const duet = (...words: readonly string[]): string =>
      router.exec(process.execPath, PROGRAM, ...words);
    const names = "--node alpha --peer beta --no-dhcp --link-peer 10.255.0.2";
    const lan = "--lan-peer 192.168.1.3 --lan-virtual 192.168.1.4";
    const wan = "--wan-peer 192.168.0.3 --wan-virtual 192.168.0.4";
    const out = duet("init", "--config", config, ...`${names} ${lan} ${wan}`.split(" "));
    expect(out).toContain("cable: alpha 10.255.0.1/30, beta 10.255.0.2, dedicated link");
    const pair = pairOf(readFileSync(config, "utf8"));
    expect(pair.networks.map((one) => [one.name, one.interfaces["alpha"], one.gateways])).toEqual([
      ["lan", "br-lan", []],
      ["wan", "wan", ["192.168.0.1"]],
      ["link", "cable", []],
    ]);
    expect(statSync(path.join(path.dirname(config), "secret")).mode & 0o777).toBe(0o600);
    expect(duet("check", config)).toContain("no findings");
  });

  test("asks at a terminal", () => {
    const router = net.namespace("asked");
    net.cable(router, "br-lan", net.namespace("lan"), "eth0");
    router.ip("addr add 192.168.1.2/24 dev br-lan");
    const config = path.join(newFolder(), "duet.yaml");
    // script(1) gives it a terminal; every line that is typed is an empty one but the second.
    const command = `ip netns exec ${router.name} ${process.execPath} ${PROGRAM} init --config ${config}`;
    const screen = execFileSync("script", ["-qec", command, "/dev/null"], {
      input: `\nalpha\n${"\n".repeat(8)}`,
      encoding: "utf8",
    });
    expect(screen).toContain("Interface of the LAN [br-lan]: ");
    expect(pairOf(readFileSync(config, "utf8")).routers.map(({ name }) => name)).toEqual([
      "alpha",
      "beta",
    ]);
  });
});
