/** A daemon that starts while a cable is out, as after a power cut of the switch: it waits in fault, and takes part when the cable is in. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually, newFolder, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  addLink,
  addressesOf,
  atRest,
  buildPair,
  GLOBALS,
  holds,
  howTo,
  instance,
  type PairNet,
} from "../support/daemon-pair.ts";
import { isRoot, type TestSwitch } from "../support/netns.ts";

const PAIR = `pair: home
secret-file: "@DIR@/secret"
routers:
  alpha: { lan: 10.1.0.2/24, wan: 10.2.0.2/24, link: 10.255.0.1/30 }
  beta: { lan: 10.1.0.3/24, wan: 10.2.0.3/24, link: 10.255.0.2/30 }
networks:
  lan: { interface: lan, address: 10.1.0.1/24, vrid: 51 }
  wan: { interface: wan, address: 10.2.0.4/24, gateway: 10.2.0.1, vrid: 52 }
  link: { interface: sync }
vrrp: { interval: 100ms, preempt: true, preempt-delay: 0s }
`;

describe.skipIf(!isRoot)("with a cable out when it starts", () => {
  let pair: PairNet;

  beforeAll(() => {
    pair = buildPair();
    addLink(pair);
  });
  afterEach(async () => {
    await stopAll();
    plug(pair.lan, pair.lanPorts[0]);
    plug(pair.wan, pair.wanPorts[0]);
    pair.alpha.ip("link set lan up");
    pair.beta.ip("link set sync up");
    for (const router of [pair.alpha, pair.beta]) {
      // oxlint-disable-next-line no-await-in-loop -- one router after the other is as good
      await atRest(router);
    }
  });
  afterAll(() => pair.net.close());

  const plug = ({ namespace }: TestSwitch, port: string): string =>
    namespace.ip(`link set ${port} up`);

  const hasCarrier = (device: string): boolean =>
    pair.alpha.ip(`link show dev ${device}`).includes("LOWER_UP");

  /** Pulls the cable of `device` and waits until the kernel knows. */
  async function unplug({ namespace }: TestSwitch, port: string, device: string): Promise<void> {
    namespace.ip(`link set ${port} down`);
    await eventually(`${device} to lose its carrier`, () => !hasCarrier(device));
  }

  test("a group is in fault without addresses, says why, and takes the role when the cable is in", async () => {
    await unplug(pair.lan, pair.lanPorts[0], "lan");
    const alpha = await TestDaemon.start(pair.alpha, { config: howTo(150) });
    const { cause } = await alpha.becomes("G1", "fault");
    expect(cause).toMatchObject({
      code: "interface-down",
      text: "interface lan is down or has no carrier",
    });
    expect(alpha.log).toContain("interface lan is down or has no carrier");
    expect(addressesOf(pair.alpha, "wan")).not.toContain("10.2.0.4/24");

    const beta = await TestDaemon.start(pair.beta, { config: howTo(100) });
    await beta.becomes("G1", "active");
    expect((await alpha.unit("G1")).state).toBe("fault");

    plug(pair.lan, pair.lanPorts[0]);
    await alpha.becomes("G1", "active");
    await beta.becomes("G1", "backup");
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
    expect(holds(pair.alpha, "wan", "10.2.0.4/24")).toBe(true);
  });

  test("with nopreempt it comes back as backup and leaves the role where it is", async () => {
    await unplug(pair.lan, pair.lanPorts[0], "lan");
    const alpha = await TestDaemon.start(pair.alpha, { config: howTo(150, "nopreempt") });
    const beta = await TestDaemon.start(pair.beta, { config: howTo(100, "nopreempt") });
    await beta.becomes("G1", "active");
    await alpha.becomes("G1", "fault");
    plug(pair.lan, pair.lanPorts[0]);
    await alpha.becomes("G1", "backup");
    await eventually("alpha to hear beta", async () =>
      (await alpha.client.status()).instances.every(({ active }) => active !== null),
    );
    expect((await beta.unit("G1")).state).toBe("active");
  });

  test("the same goes for a tracked interface, which need not have an instance", async () => {
    await unplug(pair.wan, pair.wanPorts[0], "wan");
    const config = GLOBALS + instance({ more: "track_interface {\n    wan\n  }" });
    const alpha = await TestDaemon.start(pair.alpha, { config });
    const { cause } = await alpha.becomes("I1", "fault");
    expect(cause).toEqual({ code: "tracker-down", text: "interface wan is down" });
    plug(pair.wan, pair.wanPorts[0]);
    await alpha.becomes("I1", "active");
  });

  test("a tracked interface with a weight takes it off until the cable is in", async () => {
    await unplug(pair.wan, pair.wanPorts[0], "wan");
    const config = GLOBALS + instance({ more: "track_interface {\n    wan weight -20\n  }" });
    const alpha = await TestDaemon.start(pair.alpha, { config });
    await alpha.becomes("I1", "active");
    expect((await alpha.instance("I1")).effectivePriority).toBe(80);
    plug(pair.wan, pair.wanPorts[0]);
    await eventually(
      "the whole priority",
      async () => (await alpha.instance("I1")).effectivePriority === 100,
    );
  });

  test("an interface that nobody has set up yet is no other case", async () => {
    pair.alpha.ip("link set lan down");
    const alpha = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance() });
    await alpha.becomes("I1", "fault");
    pair.alpha.ip("link set lan up");
    await alpha.becomes("I1", "active");
  });

  describe("the pair's file", () => {
    const start = (name: "alpha" | "beta"): Promise<TestDaemon> => {
      const folder = newFolder();
      writeFileSync(path.join(folder, "secret"), "a secret of more than sixteen bytes\n", {
        mode: 0o600,
      });
      return TestDaemon.start(pair[name], { pair: PAIR, folder });
    };

    test("finds out who this is, and waits for the cable", async () => {
      await unplug(pair.lan, pair.lanPorts[0], "lan");
      const alpha = await start("alpha");
      expect(alpha.log).toContain("this is alpha");
      await alpha.becomes("home", "fault");
      plug(pair.lan, pair.lanPorts[0]);
      await alpha.becomes("home", "active");
    });

    test("elects without the dedicated link, and replicates as soon as that is plugged in", async () => {
      pair.beta.ip("link set sync down");
      await eventually("sync to lose its carrier", () => !hasCarrier("sync"));
      const alpha = await start("alpha");
      const beta = await start("beta");
      await alpha.becomes("home", "active");
      await beta.becomes("home", "backup");
      expect((await beta.client.status()).replication?.synchronised).not.toBe(true);
      pair.beta.ip("link set sync up");
      pair.alpha.exec(
        "conntrack",
        ..."-I -p udp -s 192.0.2.1 -d 198.51.100.1 --sport 1000 --dport 53 -t 600 -u SEEN_REPLY".split(
          " ",
        ),
      );
      await eventually("the flow of alpha at beta", async () => {
        const { replication } = await beta.client.status();
        return replication?.synchronised === true && replication.flows.external === 1;
      });
    });
  });
});
