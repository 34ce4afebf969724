/** duet init, with somebody at the terminal and without. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseIp, parsePrefix } from "../../../src/base/ip.ts";
import { neighbours } from "../../../src/cli/init-plan.ts";
import { type InitFlags, runInit } from "../../../src/cli/init-run.ts";
import { defaultRouteOf, type Surroundings } from "../../../src/daemon/router-surroundings.ts";
import { pairOf } from "../../support/pair-files.ts";
import { recordingSession } from "./fixtures.ts";

const SURROUNDINGS: Surroundings = {
  hostName: "alpha.example.net",
  interfaces: [
    { name: "br-lan", addresses: [parsePrefix("192.168.1.2/24")!] },
    { name: "eth1", addresses: [parsePrefix("192.168.0.2/24")!] },
    { name: "eth3", addresses: [] },
  ],
  defaultRoute: { interface: "eth1", gateway: parseIp("192.168.0.1")! },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "duet-init-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly flags?: Partial<InitFlags>;
  /** Lines that are typed; undefined: nobody is there. */
  readonly lines?: readonly string[];
  readonly surroundings?: Surroundings;
}

async function init({ flags = {}, lines, surroundings = SURROUNDINGS }: Run) {
  const { session, outcome } = recordingSession();
  const asked: string[] = [];
  const typed = [...(lines ?? [])];
  const terminal = {
    isInteractive: lines !== undefined,
    ask: (question: string): Promise<string | undefined> => {
      asked.push(question);
      return Promise.resolve(typed.shift());
    },
    close: () => {},
  };
  const config = path.join(folder, "etc/duet.yaml");
  const all: InitFlags = { config, secret: true, ...flags };
  await runInit(all, { session, terminal, surroundings });
  return { ...outcome(), asked, config, text: readFileSync(config, "utf8") };
}

const ENTER = "";
const COMPLETE: Partial<InitFlags> = {
  peer: "beta",
  lanPeer: "192.168.1.3",
  lanVirtual: "192.168.1.4",
  wanPeer: "192.168.0.3",
  wanVirtual: "192.168.0.4",
  link: "eth3",
  linkAddress: "10.255.0.1/30",
  linkPeer: "10.255.0.2",
  dhcp: true,
};

describe("at a terminal", () => {
  test("pressing return makes a pair of what the router shows", async () => {
    const { asked, text, config, out } = await init({
      lines: Array.from({ length: 16 }, () => ENTER),
    });
    expect(asked).toEqual([
      "Name of the pair [home]: ",
      "Name of this router [alpha]: ",
      "Name of the other router [beta]: ",
      "Interface of the LAN [br-lan]: ",
      "Address of this router on br-lan, with the length [192.168.1.2/24]: ",
      "Address of the other router on that network [192.168.1.3]: ",
      "Virtual address on the LAN, which moves between them [192.168.1.4]: ",
      "Interface of the WAN, or none [eth1]: ",
      "Address of this router on eth1, with the length [192.168.0.2/24]: ",
      "Address of the other router on that network [192.168.0.3]: ",
      "Gateway of the WAN, or none [192.168.0.1]: ",
      "Virtual address on the WAN, which moves between them [192.168.0.4]: ",
      "Interface of a cable between the routers, or none [none]: ",
      "Do the routers lend addresses to the hosts of the LAN (DHCP)? yes or no [yes]: ",
    ]);
    const secret = path.join(path.dirname(config), "secret");
    expect(text).toBe(`# The same file on both routers. What it does not say has its default.
pair: home
secret-file: ${secret}

# Their own addresses, by network.
routers:
  alpha: { lan: 192.168.1.2/24, wan: 192.168.0.2/24 }
  beta: { lan: 192.168.1.3/24, wan: 192.168.0.3/24 }

# Virtual addresses: the active router has them.
networks:
  lan: { interface: br-lan, address: 192.168.1.4/24, dhcp: true }
  wan: { interface: eth1, address: 192.168.0.4/24, gateway: 192.168.0.1 }

vrrp: { authentication: hmac }
`);
    expect(out).toContain("This router is alpha, the other one is beta:");
    expect(out).toContain(`scp -p ${config} ${secret} root@192.168.1.3:`);
  });

  test("a wrong answer is explained and asked again", async () => {
    const lines = [
      "our home",
      "",
      "2fast",
      "alpha",
      "alpha",
      "beta",
      "br-lna",
      "br-lan",
      "192.168.1.2",
      "192.168.1.0/24",
    ];
    const more = [
      "192.168.1.2/24",
      "192.168.2.3",
      "192.168.1.2",
      "192.168.1.3/25",
      "192.168.1.3",
      "192.168.1.3",
      "",
      "none",
      "eth3",
      "10.0.0.1/30",
      "10.0.0.2",
      "maybe",
      "no",
    ];
    const { note, text } = await init({ lines: [...lines, ...more] });
    expect(note.split("\n").map((line) => line.trim())).toEqual([
      "a name has 1 to 32 letters, digits, -, _ and ., of which the first one is a letter",
      "a name has 1 to 32 letters, digits, -, _ and ., of which the first one is a letter",
      "alpha is the other one's name",
      'there is no interface "br-lna" (there are br-lan, eth1, eth3); did you mean br-lan?',
      "add the length, as in 192.168.1.2/24",
      "192.168.1.0/24 is the network address",
      "192.168.2.3 is no host in the subnet of 192.168.1.2/24",
      "192.168.1.2 is taken already",
      "the length is /24, as for 192.168.1.2",
      "192.168.1.3 is taken already",
      "write yes or no",
      "",
    ]);
    const pair = pairOf(text);
    expect(pair.networks.map(({ name }) => name)).toEqual(["lan", "link"]);
    expect(pair.networks[0]?.dhcp).toBeUndefined();
  });

  test("what a flag says is not asked", async () => {
    const { asked } = await init({ flags: COMPLETE, lines: ["", "", "", "", "", "", "", ""] });
    expect(asked.some((question) => question.includes("other router"))).toBe(false);
    expect(asked.some((question) => question.includes("DHCP"))).toBe(false);
  });

  test("leaving writes nothing", async () => {
    await expect(init({ lines: ["home"] })).rejects.toThrow("not finished: nothing was written");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("in a script", () => {
  test("flags and what the router shows are enough", async () => {
    const { text, out, config } = await init({ flags: COMPLETE });
    const pair = pairOf(text);
    expect(pair.routers.map(({ name }) => name)).toEqual(["alpha", "beta"]);
    expect(pair.networks.map((network) => network.interfaces["alpha"])).toEqual([
      "br-lan",
      "eth1",
      "eth3",
    ]);
    expect(pair.replication?.links).toEqual(["link"]);
    expect(pair.election.authentication).toEqual({ type: "hmac" });
    expect(out).toContain("DHCP on lan: 192.168.1.100 to 192.168.1.249");
    const secret = path.join(path.dirname(config), "secret");
    expect(statSync(secret).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(secret, "utf8"), "base64")).toHaveLength(32);
    expect(statSync(config).mode & 0o777).toBe(0o644);
    expect(readdirSync(path.dirname(config)).toSorted()).toEqual(["duet.yaml", "secret"]);
  });

  test("what only people can know is asked for by its flags, all at once", async () => {
    await expect(init({})).rejects.toThrow(
      "nobody can be asked here (this is no terminal): give --peer, --lan-peer, --lan-virtual, --wan-peer, --wan-virtual, --dhcp or --no-dhcp",
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a router without a LAN is told so", async () => {
    const surroundings = { ...SURROUNDINGS, interfaces: [], defaultRoute: undefined };
    await expect(init({ surroundings, flags: { peer: "beta" } })).rejects.toThrow("give --lan");
  });

  test("a wrong flag is named", async () => {
    const flags = { ...COMPLETE, lanVirtual: "10.0.0.1" };
    await expect(init({ flags })).rejects.toThrow(
      "--lan-virtual 10.0.0.1: 10.0.0.1 is no host in the subnet of 192.168.1.2/24",
    );
  });

  test("no secret means no authentication", async () => {
    const { text, config, out } = await init({ flags: { ...COMPLETE, secret: false } });
    expect(pairOf(text).election.authentication).toEqual({ type: "none" });
    expect(existsSync(path.join(path.dirname(config), "secret"))).toBe(false);
    expect(out).toContain("not authenticated");
  });
});

describe("what is there already", () => {
  const put = (name: string, text: string): string => {
    mkdirSync(path.join(folder, "etc"), { recursive: true });
    const file = path.join(folder, "etc", name);
    writeFileSync(file, text, { mode: 0o644 });
    return file;
  };

  test("is not written over", async () => {
    const file = put("duet.yaml", "mine\n");
    await expect(init({ flags: COMPLETE })).rejects.toThrow("is there already: say --force");
    expect(readFileSync(file, "utf8")).toBe("mine\n");
  });

  test("a secret is kept", async () => {
    const file = put("secret", "a secret of sixteen\n");
    const { out } = await init({ flags: COMPLETE });
    expect(readFileSync(file, "utf8")).toBe("a secret of sixteen\n");
    expect(out).toContain(`kept  ${file}`);
  });

  test("both are new with --force, and the secret is root's own", async () => {
    put("duet.yaml", "mine\n");
    const file = put("secret", "old\n");
    const { text } = await init({ flags: { ...COMPLETE, force: true } });
    expect(text).toContain("pair: home");
    expect(readFileSync(file, "utf8")).not.toBe("old\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("a folder that cannot be made is told in one line", async () => {
    put("blocked", "a file");
    const config = path.join(folder, "etc/blocked/duet.yaml");
    await expect(init({ flags: { ...COMPLETE, config } })).rejects.toThrow("cannot be written");
  });
});

test("suggestions go on after the own address and leave out what is taken", () => {
  const suggested = (own: string, ...taken: readonly string[]): readonly string[] =>
    neighbours(
      parsePrefix(own)!,
      taken.map((text) => parseIp(text)!),
      2,
    ).map(({ address }) => address);
  expect(suggested("192.0.2.1/24", "192.0.2.2")).toEqual(["192.0.2.3", "192.0.2.4"]);
  expect(suggested("192.0.2.254/24")).toEqual(["192.0.2.1", "192.0.2.2"]);
  expect(suggested("192.0.2.1/30")).toEqual(["192.0.2.2"]);
  expect(suggested("192.0.2.0/31")).toEqual(["192.0.2.1"]);
  expect(suggested("192.0.2.1/32")).toEqual([]);
});

test("the default route is the one with the lowest metric", () => {
  const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
  const row = (
    name: string,
    [to, mask]: readonly [string, string],
    via: string,
    metric: number,
  ): string => `${name}\t${to}\t${via}\t0003\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`;
  const any = ["00000000", "00000000"] as const;
  const text = `${head}${row("eth0", any, "0100A8C0", 20)}${row("eth1", any, "FE00A8C0", 5)}${row("eth1", ["0000A8C0", "00FFFFFF"], "00000000", 0)}`;
  expect(defaultRouteOf(text)).toEqual({ interface: "eth1", gateway: "192.168.0.254" });
  expect(defaultRouteOf(head)).toBeUndefined();
  expect(defaultRouteOf("")).toBeUndefined();
});
