import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { centiseconds, milliseconds, seconds } from "../../../src/base/time.ts";
import { ELECTION } from "../../../src/config/pair/defaults.ts";
import { type Derived, deriveModel } from "../../../src/config/pair/derive.ts";
import type { PairConfig, PairElection } from "../../../src/config/pair/model.ts";
import { hmacKeyFrom, passwordFrom, secretProblem } from "../../../src/config/pair/secret.ts";
import type { Environment } from "../../../src/config/source.ts";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import { replicationOf } from "../../support/conntrackd-files.ts";
import { codesOf, modelOf } from "../../support/keepalived-files.ts";
import {
  address,
  FILE,
  homePair,
  loaded,
  network,
  preempting,
  prefix,
  replication,
} from "../../support/pair-values.ts";

const SECRET = new TextEncoder().encode("0123456789abcdef\n");

const derive = (
  more: Partial<PairConfig> = {},
  { node = "alpha", environment }: { node?: string; environment?: Environment } = {},
): Derived => deriveModel(loaded(withLink(homePair(more))), node, SECRET, environment);

/** Networks of a test need no dedicated link of their own. */
function withLink(pair: PairConfig): PairConfig {
  if (pair.networks.some(({ name }) => name === "link")) return pair;
  return { ...pair, networks: [...pair.networks, network("link", "eth3")] };
}

const election = (more: Partial<PairElection>): Pick<PairConfig, "election"> => ({
  election: { ...ELECTION, groupName: "home", ...more },
});

function instancesOf(more: Partial<PairConfig> = {}): readonly InstanceConfig[] {
  const { model, diagnostics } = derive(more);
  expect(diagnostics).toEqual([]);
  return model.vrrp.instances;
}

/** Positions aside, which are another file's. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === "at" ? undefined : inner)));

const HOME = `global_defs {
  router_id alpha
  vrrp_version 3
  dynamic_interfaces
}
vrrp_sync_group home {
  group {
    lan
    wan
  }
}
vrrp_instance lan {
  state BACKUP
  nopreempt
  interface br-lan
  virtual_router_id 51
  priority 100
  advert_int 1
  mcast_src_ip 192.168.1.2
  virtual_ipaddress {
    192.168.1.4/24
  }
}
vrrp_instance wan {
  state BACKUP
  nopreempt
  interface eth0.2
  virtual_router_id 52
  priority 100
  advert_int 1
  mcast_src_ip 192.168.0.2
  virtual_ipaddress {
    192.168.0.4/24
  }
  virtual_routes {
    default via 192.168.0.1 dev eth0.2 src 192.168.0.4 metric 5
  }
}
`;

const REPLICATION = `Sync {
  Mode FTFW {
    StartupResync on
    PurgeTimeout 5
  }
  UDP {
    IPv4_address 10.255.0.1
    IPv4_Destination_Address 10.255.0.2
    Port 3780
    Interface eth3
    SndSocketBuffer 1249280
    RcvSocketBuffer 1249280
  }
}
General {
  HashSize 65536
  HashLimit 262144
  NetlinkBufferSize 2097152
  NetlinkBufferSizeMaxGrowth 16777216
  Filter From Userspace {
    Address Ignore {
      IPv4_address 127.0.0.1
      IPv6_address ::1
    }
  }
}
`;

describe("the home pair", () => {
  test("runs on what keepalived.conf says in more words", () => {
    const { model, diagnostics } = derive();
    const { positions: _, vrrp, ...classic } = modelOf(HOME);
    expect(diagnostics).toEqual([]);
    expect(plain({ ...model, positions: undefined })).toEqual(
      plain({ ...classic, vrrp: { ...vrrp, stateTransfer: { wait: seconds(2) } } }),
    );
  });

  test("replicates as conntrackd.conf says in more words", () => {
    const { lockFile: _, ...classic } = replicationOf(REPLICATION);
    expect(plain(derive().replication)).toEqual(plain(classic));
  });

  test("is the other way round on the other router", () => {
    const { model, replication: flows } = derive({}, { node: "beta" });
    expect(model.routerId).toBe("beta");
    expect(model.vrrp.instances.map(({ source }) => source)).toEqual([
      "192.168.1.3",
      "192.168.0.3",
    ]);
    expect(flows?.channels).toMatchObject([{ address: "10.255.0.2", peer: "10.255.0.1" }]);
  });

  test("is known by the places of its file", () => {
    const at = { file: FILE, line: 7, column: 3 };
    const positions = { "networks.lan": at, election: { ...at, line: 9 } };
    const { model } = deriveModel(loaded(homePair(), positions), "alpha");
    expect(model.positions).toEqual({
      lan: at,
      wan: { file: FILE, line: 1, column: 1 },
      home: { ...at, line: 9 },
    });
  });

  test("a router that is none of the two is nobody's", () => {
    expect(() => derive({}, { node: "gamma" })).toThrow("there is no router gamma");
  });
});

describe("networks", () => {
  test("have an instance for each family, IPv6 in version 3 whatever the other one has", () => {
    const both = network("lan", "br-lan", ["192.168.1.4/24", "2001:db8::4/64"], { vrid6: 61 });
    const found = instancesOf({ networks: [both], ...election({ version: 2 }) });
    expect(found.map(({ name, family, version, vrid }) => [name, family, version, vrid])).toEqual([
      ["lan", 4, 2, 51],
      ["lan-6", 6, 3, 61],
    ]);
  });

  test("an interval that version 3 cannot name is the longest one there", () => {
    const both = network("lan", "br-lan", ["192.168.1.4/24", "2001:db8::4/64"]);
    const long = election({ version: 2, interval: seconds(60) });
    const found = instancesOf({ networks: [both], ...long });
    expect(found.map(({ interval }) => interval)).toEqual([seconds(60), centiseconds(4095)]);
  });

  test("hold what is not advertised, of a family without an instance, too", () => {
    const unadvertised = [prefix("192.168.1.5/24"), prefix("2001:db8::5/64")];
    const lan = network("lan", "br-lan", ["192.168.1.4/24"], { unadvertised });
    const [instance] = instancesOf({ networks: [lan] });
    expect(instance?.excluded.map(({ spec }) => spec.address)).toEqual([
      "192.168.1.5",
      "2001:db8::5",
    ]);
  });

  test("interfaces may have other names on the other router", () => {
    const lan = network("lan", "eth0", ["192.168.1.4/24"], {
      interfaces: { alpha: "eth0", beta: "lan1" },
    });
    const { model } = derive({ networks: [lan], replication: undefined }, { node: "beta" });
    expect(model.vrrp.instances).toMatchObject([{ interface: "lan1" }]);
  });

  test("a gateway of a family without virtual addresses has no source of its own", () => {
    const wan = network("wan", "eth0", ["192.168.0.4/24"], {
      gateways: [address("192.168.0.1"), address("fe80::1")],
    });
    const [instance] = instancesOf({ networks: [wan] });
    const specs = instance?.routes.map(({ spec }) => spec) ?? [];
    expect(specs.map((spec) => [spec.gateway, spec.preferredSource, spec.metric])).toEqual([
      ["192.168.0.1", "192.168.0.4", undefined],
      ["fe80::1", undefined, undefined],
    ]);
  });

  test("version 2 takes twenty addresses and says so", () => {
    const many = Array.from({ length: 21 }, (_, index) => `192.168.1.${index + 10}/24`);
    const lan = network("lan", "br-lan", many);
    const { diagnostics } = derive({ networks: [lan], ...election({ version: 2 }) });
    expect(codesOf(diagnostics)).toEqual(["error address-count"]);
    expect(diagnostics[0]?.message).toMatch(/21 IPv4 addresses.*write version: 3 under vrrp/);
  });
});

describe("the election", () => {
  test("who owns the addresses begins as Active, takes them back at once, and follows no weights", () => {
    const [alpha, beta] = homePair().routers;
    const routers = [{ ...alpha, priority: 255 }, beta] as const;
    const [instance] = instancesOf({ routers, election: preempting });
    expect(instance).toMatchObject({
      priority: 255,
      startsActive: true,
      preempt: true,
      preemptDelay: 0,
    });
  });

  test("preemption waits as long as it is told to, and is off otherwise", () => {
    const [first] = instancesOf({ election: preempting });
    expect(first).toMatchObject({ preempt: true, preemptDelay: seconds(5) });
    expect(instancesOf()[0]).toMatchObject({ preempt: false, preemptDelay: 0 });
  });

  test("unicast goes from this router's address to the other one's", () => {
    const [instance] = instancesOf(election({ unicast: true }));
    expect(instance?.source).toBe("192.168.1.2");
    expect(instance?.transport).toMatchObject({
      type: "unicast",
      peers: [{ address: "192.168.1.3", ttlMin: 0, ttlMax: 255 }],
    });
  });

  test("unicast without addresses of a family is an error that names both routers", () => {
    const lan = network("lan", "br-lan", ["2001:db8::4/64"]);
    const { diagnostics } = derive({ networks: [lan], ...election({ unicast: true }) });
    expect(codesOf(diagnostics)).toContain("error address-missing");
    expect(diagnostics[0]?.message).toMatch(/alpha and beta need an IPv6 address each on lan/);
  });

  test("single networks move alone, each with the hooks and checks of the pair", () => {
    const { model } = derive({
      ...election({ together: false }),
      hooks: { active: ["/bin/true", "up"], backup: undefined, fault: undefined, stop: undefined },
      tracking: { interfaces: [{ name: "eth5", weight: -20 }], checks: [] },
    });
    expect(model.vrrp.groups).toEqual([]);
    expect(model.vrrp.instances.map(({ tracking }) => tracking)).toEqual([
      [{ tracker: "interface:eth5", weight: -20, reverse: false }],
      [{ tracker: "interface:eth5", weight: -20, reverse: false }],
    ]);
    for (const name of ["lan", "wan"])
      expect(model.instanceNotify[name]).toMatchObject({ master: { argv: ["/bin/true", "up"] } });
  });

  test("a pair with one network has no group", () => {
    const lan = network("lan", "br-lan", ["192.168.1.4/24"]);
    expect(derive({ networks: [lan] }).model.vrrp.groups).toEqual([]);
  });
});

describe("checks", () => {
  const tracking: PairConfig["tracking"] = {
    interfaces: [{ name: "eth5", weight: 0 }],
    checks: [
      { type: "process", name: "dns", process: "dnsmasq", quorum: 1, weight: -10 },
      {
        type: "script",
        name: "internet",
        command: ["/bin/ping", "-c1", "192.0.2.1"],
        user: "nobody",
        interval: seconds(5),
        timeout: seconds(2),
        rise: 2,
        fall: 3,
        weight: -20,
      },
      { type: "file", name: "drain", path: "/run/drain", weight: 1 },
    ],
  };

  test("are followed by the group, with their weights", () => {
    const { model } = derive({ tracking });
    expect(model.vrrp.instances.flatMap((instance) => instance.tracking)).toEqual([]);
    expect(model.vrrp.groups[0]?.tracking).toEqual([
      { tracker: "interface:eth5", weight: 0, reverse: false },
      { tracker: "script:internet", weight: -20, reverse: false },
      { tracker: "file:drain", weight: 1, reverse: false },
      { tracker: "process:dns", weight: -10, reverse: false },
    ]);
    expect(plain(model.trackers)).toMatchObject([
      { type: "process", process: "dnsmasq", arguments: [], match: "name", quorum: 1 },
      { type: "script", command: { argv: ["/bin/ping", "-c1", "192.0.2.1"], user: "nobody" } },
      { type: "file", path: "/run/drain" },
    ]);
  });

  test("of interfaces that members of the group have anyway add nothing", () => {
    const interfaces = [{ name: "br-lan", weight: -20 }];
    const { model, diagnostics } = derive({ tracking: { interfaces, checks: [] } });
    expect(diagnostics).toEqual([]);
    expect(model.vrrp.groups[0]?.tracking).toEqual([]);
  });

  test("and hooks name programs that must be there", () => {
    const hooks = { active: ["/nowhere"], backup: undefined, fault: undefined, stop: undefined };
    const environment: Environment = {
      hostName: "alpha",
      variables: {},
      commandStatus: (program) => (program === "/bin/ping" ? "not-executable" : "missing"),
    };
    const { diagnostics } = derive({ tracking, hooks }, { environment });
    expect(codesOf(diagnostics)).toEqual(["error command-not-executable", "error command-missing"]);
  });
});

describe("authentication", () => {
  test("HMAC signs with the key that the secret makes, in every family", () => {
    const both = network("lan", "br-lan", ["192.168.1.4/24", "2001:db8::4/64"]);
    const hmac = election({ authentication: { type: "hmac" } });
    const found = instancesOf({ networks: [both], ...hmac });
    const expected = {
      type: "hmac",
      keys: [{ id: 1, secret: hmacKeyFrom(SECRET) }],
      activeKey: 1,
      mode: "enforce",
    };
    expect(found).toMatchObject([{ authentication: expected }, { authentication: expected }]);
  });

  test("PASS takes its password from the file or the secret, and IPv6 goes without", () => {
    const both = network("lan", "br-lan", ["192.168.1.4/24", "2001:db8::4/64"]);
    const passwords = [undefined, "s3cret"].map((password) => {
      const pass = election({ version: 2, authentication: { type: "pass", password } });
      return instancesOf({ networks: [both], ...pass }).map(({ authentication }) => authentication);
    });
    const hex = (text: string): string => Buffer.from(text).toString("hex");
    expect(passwords).toEqual([
      [{ type: "password", password: hex(passwordFrom(SECRET)) }, { type: "none" }],
      [{ type: "password", password: hex("s3cret") }, { type: "none" }],
    ]);
    expect(passwordFrom(SECRET)).toMatch(/^[0-9a-f]{8}$/);
  });

  test("a shell makes the same from the secret", () => {
    const shell = (line: string): string =>
      execFileSync("sh", ["-c", line], { encoding: "utf8" }).trim();
    const content = `"$(printf '%s' '${new TextDecoder().decode(SECRET)}')"`;
    const key = shell(`printf 'duet auth_hmac 1\\n%s' ${content} | sha256sum | cut -c1-64`);
    const pass = shell(`printf 'duet auth_pass\\n%s' ${content} | sha256sum | cut -c1-8`);
    expect([hmacKeyFrom(SECRET), passwordFrom(SECRET)]).toEqual([key, pass]);
  });

  test("line ends behind the secret do not matter, and a short one is refused", () => {
    const bare = SECRET.subarray(0, -1);
    expect(hmacKeyFrom(bare)).toBe(hmacKeyFrom(SECRET));
    expect(passwordFrom(new Uint8Array([...bare, 13, 10, 10]))).toBe(passwordFrom(SECRET));
    expect(secretProblem("/s", SECRET)).toBeUndefined();
    expect(secretProblem("/s", SECRET.subarray(1))).toMatch(/^\/s holds 15 bytes, .*16 or more/);
  });
});

describe("replication", () => {
  test("uses the links in their order, the first one first", () => {
    const { replication: flows } = derive({ replication: replication({ links: ["link", "lan"] }) });
    expect(flows?.channels).toMatchObject([
      { interface: "eth3", isDefault: true, address: "10.255.0.1" },
      { interface: "br-lan", isDefault: false, address: "192.168.1.2" },
    ]);
  });

  test("filters by protocols and states that the file names", () => {
    const filter = {
      protocols: ["TCP", "IPv6-ICMP", "47"],
      ignoredAddresses: [],
      tcpStates: ["ESTABLISHED", "CLOSED", "CLOSE"],
      place: "kernelspace",
    } as const;
    expect(derive({ replication: replication({ filter }) }).replication?.filter).toEqual({
      place: "kernelspace",
      protocols: { policy: "accept", entries: [6, 58, 47] },
      addresses: undefined,
      tcpStates: { policy: "accept", entries: [3, 8] },
    });
  });

  test("a timeout of commits does nothing without an external cache", () => {
    const flows = replication({ externalCache: false, commitTimeout: seconds(180) });
    const derived = derive({ replication: flows });
    expect(derived.diagnostics).toEqual([]);
    expect(derived.replication).toMatchObject({ mode: { externalCache: false } });
    expect(derived.replication?.commitTimeout).toBeUndefined();
  });

  test("a link without addresses of both routers is an error", () => {
    const { diagnostics } = derive({ replication: replication({ links: ["nowhere"] }) });
    expect(codesOf(diagnostics)).toContain("error address-missing");
  });

  test("none: addresses wait for nothing", () => {
    const { model, replication: flows } = derive({ replication: undefined });
    expect(flows).toBeUndefined();
    expect(model.vrrp.stateTransfer).toBeUndefined();
  });
});

describe("this router", () => {
  const environment: Environment = {
    hostName: "alpha",
    variables: {},
    interfaces: ["br-lan", "eth0.3", "eth3"],
  };

  test("an interface that is missing is waited for, and named with the nearest one", () => {
    const { diagnostics } = derive({}, { environment });
    expect(codesOf(diagnostics)).toEqual(["warning interface-awaited"]);
    expect(diagnostics[0]?.message).toMatch(
      /alpha has no interface eth0\.2 yet, and wan is down until it has one; there are br-lan, eth0\.3, eth3; did you mean eth0\.3\?/,
    );
  });
});

test("addresses live as long as the file says, and are renewed four times in that time", () => {
  const { vrrp } = derive({ fencing: seconds(6) }).model;
  expect(vrrp.fencing).toEqual({ lifetimeSeconds: 6, renewal: milliseconds(1500) });
  expect(derive({ fencing: undefined }).model.vrrp.fencing).toBeUndefined();
});
