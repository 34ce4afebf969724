/** Both routers run from the same file: they find out who they are, elect, replicate, fail over and apply changes. */
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually, newFolder, stopAll, TestDaemon } from "../support/daemon.ts";
import { addLink, buildPair, holds, type PairNet, routesOf } from "../support/daemon-pair.ts";
import { isRoot, type TestNamespace } from "../support/netns.ts";

const SECRET = "a secret of more than sixteen bytes\n";

/** Networks of `buildPair`, with a link between the routers, ten times as fast as usual. */
const HOME = `pair: home
secret-file: "@DIR@/secret"
routers:
  alpha: { lan: 10.1.0.2/24, wan: 10.2.0.2/24, link: 10.255.0.1/30 }
  beta: { lan: 10.1.0.3/24, wan: 10.2.0.3/24, link: 10.255.0.2/30 }
networks:
  lan: { interface: lan, address: 10.1.0.1/24, vrid: 51 }
  wan: { interface: wan, address: 10.2.0.4/24, gateway: 10.2.0.1, metric: 5, vrid: 52 }
  link: { interface: sync }
vrrp: { interval: 100ms, authentication: hmac }
`;

/** A folder with the pair's secret in it. */
function folderWithSecret(secret: string = SECRET): string {
  const folder = newFolder();
  writeFileSync(path.join(folder, "secret"), secret, { mode: 0o600 });
  return folder;
}

describe.skipIf(!isRoot)("the pair's file", () => {
  let pair: PairNet;

  beforeAll(() => {
    pair = buildPair();
    addLink(pair);
  });
  afterEach(async () => {
    await stopAll();
    for (const router of [pair.alpha, pair.beta]) {
      router.exec("conntrack", "-F");
      // oxlint-disable-next-line no-await-in-loop -- what a killed daemon held runs out by itself
      await eventually("virtual addresses to run out", () => !holdsAny(router));
    }
  });
  afterAll(() => pair.net.close());

  const start = (router: TestNamespace, text: string = HOME, words: readonly string[] = []) =>
    TestDaemon.start(router, { pair: text, folder: folderWithSecret(), words });

  /** Starts and ends by itself; what it wrote. */
  async function refused(text: string, folder: string, words: readonly string[] = []) {
    const daemon = new TestDaemon(pair.alpha, { pair: text, folder, words });
    expect(await daemon.ended()).toEqual({ code: 2, signal: null });
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(false);
    return daemon.log;
  }

  const holdsAny = (router: TestNamespace): boolean =>
    holds(router, "lan", "10.1.0.1/24") || holds(router, "wan", "10.2.0.4/24");

  const transitions = async (daemon: TestDaemon): Promise<number> =>
    (await daemon.events("vrrp.transition")).length;

  /** Alpha Active, beta Backup, which has heard alpha and holds its flows. */
  async function startBoth(text: string = HOME): Promise<readonly [TestDaemon, TestDaemon]> {
    const alpha = await start(pair.alpha, text);
    await alpha.becomes("home", "active");
    const beta = await start(pair.beta, text);
    await beta.becomes("home", "backup");
    await eventually("beta to hear alpha and to be synchronised", async () => {
      const { instances, replication } = await beta.client.status();
      return instances.every(({ active }) => active !== null) && replication?.synchronised === true;
    });
    return [alpha, beta];
  }

  test("is found to be alpha's and beta's by their addresses, elects, replicates and fails over", async () => {
    const [alpha, beta] = await startBoth();
    expect(alpha.log).toMatch(
      /configuration read from \S+duet\.yaml; this is alpha: it has 10\.1\.0\.2 \(lan\), 10\.2\.0\.2 \(wan\), 10\.255\.0\.1 \(link\)/,
    );
    expect(beta.log).toContain("this is beta");
    expect((await beta.client.status()).node).toMatchObject({
      name: "beta",
      configFiles: [beta.pairFile],
    });
    expect(routesOf(pair.alpha)).toContain(
      "default via 10.2.0.1 dev wan proto 112 src 10.2.0.4 metric 5",
    );

    pair.alpha.exec(
      "conntrack",
      ..."-I -p udp -s 192.0.2.1 -d 198.51.100.1 --sport 1000 --dport 53 -t 600 -u SEEN_REPLY".split(
        " ",
      ),
    );
    await eventually("the flow of alpha at beta", async () => {
      const { replication } = await beta.client.status();
      return replication?.flows.external === 1;
    });
    await alpha.kill();
    await beta.becomes("home", "active");
    expect(holds(pair.beta, "lan", "10.1.0.1/24")).toBe(true);
    expect(holds(pair.beta, "wan", "10.2.0.4/24")).toBe(true);
    expect(pair.beta.exec("conntrack", "-L", "-s", "192.0.2.1")).toContain("sport=1000");
    expect((await beta.events("vrrp.transition")).at(-1)).toMatchObject({
      subject: "home",
      data: { from: "backup", to: "active" },
    });
  });

  test("a router whose secret is another one is not listened to", async () => {
    const alpha = await start(pair.alpha);
    await alpha.becomes("home", "active");
    const folder = folderWithSecret("another secret, which is as long\n");
    const beta = await TestDaemon.start(pair.beta, { pair: HOME, folder });
    await eventually("beta to refuse what it hears", async () => {
      const { refused: reasons } = (await beta.instance("lan")).counters;
      return (reasons["authentication-failed"] ?? 0) > 0;
    });
  });

  test("over unicast and both families elects and fails over as one", async () => {
    const six = HOME.replace("lan: 10.1.0.2/24", 'lan: [10.1.0.2/24, "fd00:1::2/64"]')
      .replace("lan: 10.1.0.3/24", 'lan: [10.1.0.3/24, "fd00:1::3/64"]')
      .replace("address: 10.1.0.1/24", 'address: [10.1.0.1/24, "fd00:1::1/64"]')
      .replace("authentication: hmac", "authentication: hmac, transport: unicast");
    for (const [router, host] of [
      [pair.alpha, 2],
      [pair.beta, 3],
    ] as const)
      router.ip(`address add fd00:1::${host}/64 dev lan nodad`);
    try {
      const [alpha, beta] = await startBoth(six);
      expect((await beta.unit("home")).members).toEqual(["lan", "lan-6", "wan"]);
      expect(holds(pair.alpha, "lan", "fd00:1::1/64")).toBe(true);
      expect(await alpha.stop()).toEqual({ code: 0, signal: null });
      await beta.becomes("home", "active");
      expect(holds(pair.beta, "lan", "fd00:1::1/64")).toBe(true);
      expect(holds(pair.beta, "lan", "10.1.0.1/24")).toBe(true);
    } finally {
      await stopAll();
      for (const [router, host] of [
        [pair.alpha, 2],
        [pair.beta, 3],
      ] as const)
        router.ip(`address delete fd00:1::${host}/64 dev lan`);
    }
  });

  test("says --node when addresses do not tell who this is", async () => {
    const folder = folderWithSecret();
    const foreign = HOME.replaceAll("10.1.0.2/", "10.1.0.5/")
      .replaceAll("10.2.0.2/", "10.2.0.5/")
      .replaceAll("10.255.0.1/30", "10.255.0.5/29")
      .replaceAll("10.255.0.2/30", "10.255.0.6/29");
    const log = await refused(foreign, folder);
    expect(log).toMatch(
      /duet\.yaml:3:1: error: this router has no address of alpha or beta.*--node alpha or --node beta \[node-unknown\]/,
    );
    const daemon = await TestDaemon.start(pair.alpha, {
      pair: foreign,
      folder: folderWithSecret(),
      words: ["--node", "alpha"],
    });
    expect((await daemon.client.status()).node.name).toBe("alpha");
    expect(daemon.log).toContain("this is alpha: it was named");
  });

  test("a name that is none of the two is refused with the nearest one", async () => {
    const log = await refused(HOME, folderWithSecret(), ["--node", "alhpa"]);
    expect(log).toMatch(/no router "alhpa".*did you mean alpha\?/);
  });

  describe("the secret file", () => {
    test("must be there", async () => {
      const folder = folderWithSecret();
      rmSync(path.join(folder, "secret"));
      expect(await refused(HOME, folder)).toMatch(
        /duet\.yaml:2:\d+: error: there is no secret file \S+\/secret: make one with .*\[secret-unreadable\]/,
      );
    });

    test("must not be readable by others", async () => {
      const folder = folderWithSecret();
      chmodSync(path.join(folder, "secret"), 0o640);
      expect(await refused(HOME, folder)).toMatch(
        /\(mode 0640\): run chmod 600 \S+\/secret.*\[secret-exposed\]/,
      );
    });

    test("must be long enough", async () => {
      expect(await refused(HOME, folderWithSecret("short\n"))).toMatch(
        /holds 5 bytes, and a secret has 16 or more.*\[secret-short\]/,
      );
    });
  });

  test.each([
    ["is missing", undefined, /the file cannot be read: there is no such file/],
    ["is empty", "", /error: /],
    ["ends in the middle", HOME.slice(0, 180), /error: /],
    ["has a key that nobody knows", `${HOME}vrpp: { version: 3 }\n`, /vrpp.*vrrp/],
  ])("a file that %s is refused with its place", async (_, text, says) => {
    const folder = folderWithSecret();
    const daemon = new TestDaemon(pair.alpha, {
      folder,
      words: ["--config", path.join(folder, "duet.yaml")],
    });
    if (text !== undefined) daemon.configurePair(text);
    expect(await daemon.ended()).toEqual({ code: 2, signal: null });
    expect(daemon.log).toMatch(says);
    expect(daemon.log).toMatch(/duet\.yaml:\d+:\d+: error: /);
    expect(daemon.log).toContain("nothing was changed");
  });

  test.skipIf(existsSync("/etc/duet/duet.yaml"))(
    "that is not where it usually is and not named either is asked for",
    async () => {
      const daemon = new TestDaemon(pair.alpha, {});
      expect(await daemon.ended()).toEqual({ code: 2, signal: null });
      expect(daemon.log).toMatch(
        /there is no \/etc\/duet\/duet\.yaml: let duet init write it .*--keepalived/,
      );
    },
  );

  test("whose secret can no longer be read is not taken by a reload", async () => {
    const alpha = await start(pair.alpha);
    await alpha.becomes("home", "active");
    rmSync(path.join(alpha.folder, "secret"));
    expect(await alpha.reloadPair(HOME)).toMatchObject({ name: "config.rejected" });
    expect(await alpha.unit("home")).toMatchObject({ state: "active" });
  });

  describe("a reload", () => {
    test("of an unchanged file changes nothing, nor does a comment", async () => {
      const [alpha, beta] = await startBoth();
      const before = [await transitions(alpha), await transitions(beta)];
      expect((await alpha.reloadPair(HOME)).data).toEqual({ changes: [] });
      expect((await beta.reloadPair(`# said before\n\n${HOME}`)).data).toEqual({ changes: [] });
      expect([await transitions(alpha), await transitions(beta)]).toEqual(before);
    });

    test("of a network that was added adds its instance, and nothing else changes", async () => {
      const [alpha, beta] = await startBoth();
      pair.net.cable(pair.alpha, "guest", pair.beta, "guest");
      try {
        for (const [router, host] of [
          [pair.alpha, 2],
          [pair.beta, 3],
        ] as const) {
          router.ip(`address add 10.3.0.${host}/24 dev guest`);
        }
        const before = await transitions(alpha);
        const more = HOME.replace("lan: 10.1.0.2/24", "lan: 10.1.0.2/24, guest: 10.3.0.2/24")
          .replace("lan: 10.1.0.3/24", "lan: 10.1.0.3/24, guest: 10.3.0.3/24")
          .replace(
            "  link: { interface: sync }",
            "  guest: { interface: guest, address: 10.3.0.1/24, vrid: 53 }\n  link: { interface: sync }",
          );
        const { changes } = (await alpha.reloadPair(more)).data as { changes: readonly string[] };
        expect(changes).toEqual([
          "instance guest added",
          expect.stringMatching(/^replication: filter changed/),
        ]);
        await eventually("the address of the new network", () =>
          holds(pair.alpha, "guest", "10.3.0.1/24"),
        );
        expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
        await beta.reloadPair(more);
        expect((await beta.unit("home")).members).toContain("guest");
        expect(await transitions(alpha)).toBe(before);
      } finally {
        await stopAll();
        pair.alpha.ip("link delete guest");
      }
    });

    test("of a bad file leaves everything as it was and names the place", async () => {
      const [alpha] = await startBoth();
      const before = await transitions(alpha);
      alpha.configurePair(HOME.replace("10.1.0.1/24", "10.9.0.1/24"));
      const answer = await alpha.client.reload();
      expect(answer).toMatchObject({ applied: false, changes: [] });
      expect(answer.diagnostics[0]).toMatchObject({ code: "address-subnet", at: { line: 7 } });
      expect(await alpha.unit("home")).toMatchObject({ state: "active" });
      expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
      expect(await transitions(alpha)).toBe(before);
    });

    test("goes by who this router was while its addresses are away", async () => {
      const alpha = await start(pair.alpha);
      await alpha.becomes("home", "active");
      for (const [device, address] of [
        ["lan", "10.1.0.2/24"],
        ["wan", "10.2.0.2/24"],
        ["sync", "10.255.0.1/30"],
      ])
        pair.alpha.ip(`address delete ${address} dev ${device}`);
      try {
        expect(await alpha.reloadPair(HOME)).toMatchObject({ name: "config.reloaded" });
        expect((await alpha.client.status()).node.name).toBe("alpha");
      } finally {
        await stopAll();
        pair.alpha.ip("address add 10.1.0.2/24 dev lan");
        pair.alpha.ip("address add 10.2.0.2/24 dev wan");
        pair.alpha.ip("address add 10.255.0.1/30 dev sync");
      }
    });
  });

  test("an interface that is not there yet is waited for, with a warning", async () => {
    const text = HOME.replace("interface: wan,", "interface: wan9,");
    const alpha = await start(pair.alpha, text);
    expect(alpha.log).toMatch(
      /duet\.yaml:\d+:\d+: warning: alpha has no interface wan9 yet.*did you mean wan\? \[interface-awaited\]/,
    );
    await alpha.becomes("home", "fault");
    pair.alpha.ip("link add wan9 type veth peer name wan9-peer");
    try {
      pair.alpha.ip("address add 10.2.0.9/24 dev wan9");
      pair.alpha.ip("link set wan9 up");
      pair.alpha.ip("link set wan9-peer up");
      await alpha.becomes("home", "active");
    } finally {
      await stopAll();
      pair.alpha.ip("link delete wan9");
    }
  });
});
