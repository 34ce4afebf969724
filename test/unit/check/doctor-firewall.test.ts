import { describe, expect, test } from "vitest";
import type { IpAddress } from "../../../src/base/ip.ts";
import type { Snapshot } from "../../../src/check/doctor/snapshot.ts";
import {
  ACCEPT,
  codesOf,
  ct,
  DROP,
  diagnosis,
  expecting,
  INPUT,
  jump,
  match,
  meta,
  OPEN_INPUT,
  payload,
  ruleset,
} from "../../support/doctor.ts";

const VRRP = match(payload("ip", "protocol"), "vrrp");
const UDP = match(payload("udp", "dport"), 3780);
const NEW_ONLY = match(ct("state"), ["established", "related"], "in");
const OUTPUT = { type: "filter", hook: "output", prio: 0, policy: "accept" };
const RAW = { type: "filter", hook: "prerouting", prio: -300, policy: "accept" };
const RAW_OUT = { type: "filter", hook: "output", prio: -300, policy: "accept" };
const NAT = { type: "nat", hook: "prerouting", prio: -100, policy: "accept" };

/** Codes about advertisements and replication that are dropped. */
function dropped(seen: NonNullable<Snapshot["ruleset"]>): readonly string[] {
  const findings = diagnosis({ ruleset: seen });
  const codes = codesOf(findings).filter((code) => code.endsWith("-dropped"));
  return [...new Set(codes)].toSorted();
}

const NOTHING: readonly string[] = [];
const BOTH = ["error replication-dropped", "error vrrp-dropped"];
const input = (
  rules: readonly (readonly unknown[])[],
  base: object = INPUT,
  others: Parameters<typeof ruleset>[0] = {},
  options: Parameters<typeof ruleset>[1] = {},
): NonNullable<Snapshot["ruleset"]> => ruleset({ input: [base, rules], ...others }, options);

describe("a packet through the rules", () => {
  test.each<readonly [string, NonNullable<Snapshot["ruleset"]>, readonly string[]]>([
    ["no chain at all", ruleset({}), NOTHING],
    ["an open policy", input([], OPEN_INPUT), NOTHING],
    ["a closed policy", input([]), BOTH],
    [
      "rules that accept both",
      input([
        [VRRP, ACCEPT],
        [UDP, ACCEPT],
      ]),
      NOTHING,
    ],
    ["a rule for established connections only", input([[NEW_ONLY, ACCEPT]]), BOTH],
    ["a rule for all but new ones", input([[match(ct("state"), "new", "!"), ACCEPT]]), BOTH],
    [
      "the protocol in a set",
      input([[match(meta("l4proto"), { set: ["ah", "vrrp", 17] }), ACCEPT]]),
      NOTHING,
    ],
    [
      "the protocol in a range",
      input([[match(meta("l4proto"), { range: [17, 112] }), ACCEPT]]),
      NOTHING,
    ],
    [
      "interfaces by pattern, and one by name",
      input([
        [match(meta("iifname"), "eth*"), ACCEPT],
        [match(meta("iifname"), "br-lan"), ACCEPT],
      ]),
      NOTHING,
    ],
    [
      "a drop before what accepts",
      input([
        [VRRP, DROP],
        [VRRP, ACCEPT],
        [UDP, ACCEPT],
      ]),
      ["error vrrp-dropped"],
    ],
    ["a reject", input([[VRRP, { reject: { type: "icmp" } }]], OPEN_INPUT), ["error vrrp-dropped"]],
    [
      "a drop of another protocol",
      input([[match(payload("ip", "protocol"), "tcp"), DROP]], OPEN_INPUT),
      NOTHING,
    ],
    [
      "a drop of all but TCP",
      input([[match(payload("ip", "protocol"), "tcp", "!="), DROP]], OPEN_INPUT),
      BOTH,
    ],
    [
      "a drop of everything that comes from elsewhere",
      input(
        [
          [
            match(
              payload("ip", "saddr"),
              {
                set: [{ prefix: { addr: "192.168.0.0", len: 16 } }, "10.255.0.2"],
              },
              "!=",
            ),
            DROP,
          ],
        ],
        OPEN_INPUT,
      ),
      NOTHING,
    ],
    [
      "a rule for IPv6 alone",
      input([[match(payload("ip6", "saddr"), "fe80::1"), DROP]], OPEN_INPUT),
      NOTHING,
    ],
    [
      "a rule for ICMP alone",
      input([[match(payload("icmp", "type"), "echo-request"), DROP]], OPEN_INPUT),
      NOTHING,
    ],
    [
      "a limit on TCP",
      input(
        [
          [
            match({ "&": [payload("tcp", "flags"), ["fin", "syn"]] }, "syn"),
            { limit: { rate: 25 } },
            DROP,
          ],
          [match({ "tcp option": { name: "maxseg", field: "size" } }, 1400, "<"), DROP],
        ],
        OPEN_INPUT,
      ),
      NOTHING,
    ],
    [
      "a chain that is jumped to and accepts",
      input([[jump("in_lan")]], INPUT, { in_lan: [undefined, [[ACCEPT]]] }),
      NOTHING,
    ],
    [
      "a chain that comes back",
      input([[jump("in_lan")], [VRRP, ACCEPT], [UDP, ACCEPT]], INPUT, {
        in_lan: [
          undefined,
          [
            [UDP, { return: null }],
            [UDP, DROP],
          ],
        ],
      }),
      NOTHING,
    ],
    [
      "a chain that is gone to does not come back",
      input([[{ goto: { target: "in_lan" } }], [ACCEPT]], INPUT, { in_lan: [undefined, []] }),
      BOTH,
    ],
    [
      "verdicts by a map, one of them a jump",
      input(
        [
          [
            {
              vmap: {
                key: meta("l4proto"),
                data: {
                  set: [
                    ["vrrp", jump("in_vrrp")],
                    ["udp", ACCEPT],
                    ["tcp", DROP],
                  ],
                },
              },
            },
          ],
        ],
        INPUT,
        { in_vrrp: [undefined, [[DROP]]] },
      ),
      ["error vrrp-dropped"],
    ],
    [
      "a named set and a named map",
      input(
        [
          [match(payload("ip", "saddr"), "@peers"), ACCEPT],
          [{ vmap: { key: meta("l4proto"), data: "@kinds" } }],
        ],
        INPUT,
        {},
        {
          sets: [
            {
              set: {
                family: "inet",
                table: "fw4",
                name: "peers",
                elem: [{ elem: { val: "192.168.1.3", timeout: 60 } }, "192.168.0.3"],
              },
            },
            { map: { family: "inet", table: "fw4", name: "kinds", elem: [["udp", ACCEPT]] } },
          ],
        },
      ),
      NOTHING,
    ],
    [
      "a concatenation",
      input([
        [
          match(
            { concat: [meta("iifname"), meta("l4proto")] },
            { set: [{ concat: ["eth3", "udp"] }, { concat: ["eth3", "tcp"] }] },
          ),
          ACCEPT,
        ],
        [VRRP, ACCEPT],
      ]),
      NOTHING,
    ],
    [
      "groups by the type of the address",
      input([
        [match({ fib: { result: "type", flags: ["daddr"] } }, "multicast"), ACCEPT],
        [match(meta("pkttype"), "host"), ACCEPT],
      ]),
      NOTHING,
    ],
    ["a drop on the way out", ruleset({ out: [OUTPUT, [[VRRP, DROP]]] }), ["error vrrp-dropped"]],
    [
      "a drop before routing",
      ruleset({ raw: [RAW, [[match(meta("iifname"), "eth3"), DROP]]] }),
      ["error replication-dropped"],
    ],
    ["the table of IPv6 only", ruleset({ input: [INPUT, []] }, { family: "ip6" }), NOTHING],
    ["the table of IPv4", ruleset({ input: [INPUT, []] }, { family: "ip" }), BOTH],
    ["a chain of nat decides nothing here", ruleset({ pre: [NAT, [[DROP]]] }), NOTHING],
  ])("%s", (_, seen, found) => {
    expect(dropped(seen)).toEqual(found);
  });
});

describe("what cannot be told from the rules", () => {
  const MAYBE = ["warning replication-dropped", "warning vrrp-dropped"];
  test.each<readonly [string, NonNullable<Snapshot["ruleset"]>, readonly string[]]>([
    [
      "an accepting rule with a limit",
      input([[{ limit: { rate: 3, per: "second" } }, ACCEPT]]),
      MAYBE,
    ],
    [
      "a dropping rule that asks for a mark",
      input([[match(meta("mark"), 1), DROP]], OPEN_INPUT),
      MAYBE,
    ],
    [
      "a match of iptables that nft does not show",
      input([[VRRP, { xt: null }, DROP]], OPEN_INPUT),
      ["warning vrrp-dropped"],
    ],
    [
      "a chain that may come back",
      input([[jump("odd")], [ACCEPT]], INPUT, {
        odd: [undefined, [[match(meta("mark"), 1), { return: null }], [DROP]]],
      }),
      MAYBE,
    ],
    ["a chain that is not there", input([[jump("nowhere")], [ACCEPT]]), MAYBE],
    ["a program in between", input([[{ queue: null }]], OPEN_INPUT), MAYBE],
    ["what nobody knows yet", input([[{ novelty: {} }, DROP]], OPEN_INPUT), MAYBE],
    ["a certain drop behind a possible one", input([[match(meta("mark"), 1), DROP], [DROP]]), BOTH],
    [
      "a chain at ingress whose interface is not told",
      ruleset(
        { ing: [{ type: "filter", hook: "ingress", prio: 0, policy: "accept" }, [[VRRP, DROP]]] },
        { family: "netdev" },
      ),
      ["warning vrrp-dropped"],
    ],
    [
      "a chain at ingress of another interface",
      ruleset(
        { ing: [{ type: "filter", hook: "ingress", prio: 0, dev: "eth9" }, [[DROP]]] },
        { family: "netdev" },
      ),
      NOTHING,
    ],
    [
      "a loop of jumps, which no kernel takes",
      input([[jump("a")]], INPUT, { a: [undefined, [[jump("a")]]] }),
      MAYBE,
    ],
  ])("%s", (_, seen, found) => {
    expect(dropped(seen)).toEqual(found);
  });

  test.each([[null], [{}], [{ nftables: 3 }], [{ nftables: [3, { rule: 1 }, { chain: [] }] }]])(
    "%j is no ruleset and breaks nothing",
    (json) => {
      expect(diagnosis({ ruleset: { json, listing: "" } })).toEqual([]);
    },
  );
});

describe("a sender that is not known", () => {
  const nobody = { ...expecting({ peers: [], replication: undefined }) };
  const from = (addr: string, len: number): readonly string[] => {
    const rule = [match(payload("ip", "saddr"), { prefix: { addr, len } }), VRRP, ACCEPT];
    const findings = diagnosis({ ruleset: input([rule]), speakers: [] }, nobody);
    return codesOf(findings).filter((code) => code.endsWith("vrrp-dropped"));
  };

  test.each<readonly [string, number, readonly string[]]>([
    ["192.168.0.0", 16, NOTHING],
    ["192.168.1.0", 24, ["error vrrp-dropped"]],
    ["192.168.1.3", 32, ["error vrrp-dropped", "warning vrrp-dropped"]],
    ["10.0.0.0", 8, ["error vrrp-dropped", "error vrrp-dropped"]],
  ])("is somewhere in the network: %s/%i is accepted", (addr, len, found) => {
    expect(from(addr, len)).toEqual(found);
  });

  test("over IPv6 it has a link-local address", () => {
    const six = expecting({ peers: [], replication: undefined }, ({ addresses }) => ({
      family: 6,
      version: 3,
      transport: { type: "multicast", group: "ff02::12" as IpAddress },
      addresses: addresses.map(({ tracked, spec }) => ({
        tracked,
        spec: { ...spec, address: "fe80::5" as IpAddress, prefixLength: 64 },
      })),
      routes: [],
    }));
    const accepted = (addr: string): readonly string[] => {
      const rule = [match(payload("ip6", "saddr"), { prefix: { addr, len: 10 } }), ACCEPT];
      const seen = diagnosis({ ruleset: input([rule]), speakers: [], addresses: null }, six);
      return codesOf(seen).filter((code) => code.endsWith("vrrp-dropped"));
    };
    expect(accepted("fe80::")).toEqual([]);
    expect(accepted("2001:db8::")).toEqual(["error vrrp-dropped", "error vrrp-dropped"]);
  });
});

describe("exact words", () => {
  test("a rule is named by table, chain, handle and text, and the fix goes before it", () => {
    const seen = input([[VRRP, DROP]], OPEN_INPUT);
    expect(diagnosis({ ruleset: seen })[0]).toMatchObject({
      code: "vrrp-dropped",
      place: "table inet fw4, chain input, rule handle 11 (rule 11 of input)",
      message: "advertisements from 192.168.1.3 arriving on br-lan are dropped",
      fix: `nft 'insert rule inet fw4 input position 11 iifname "br-lan" meta l4proto 112 accept', and the same in the firewall's configuration`,
    });
  });

  test("a chain that others jump to is named with the way to it, and the fix goes to where the way begins", () => {
    const seen = input([[jump("wan")]], OPEN_INPUT, {
      wan: [undefined, [[jump("refuse")]]],
      refuse: [undefined, [[VRRP, { reject: null }]]],
    });
    expect(diagnosis({ ruleset: seen })[0]).toMatchObject({
      place: "table inet fw4, chain refuse, rule handle 13 (rule 13 of refuse)",
      message:
        "advertisements from 192.168.1.3 arriving on br-lan are dropped, by way of input, wan",
      fix: `nft 'insert rule inet fw4 input iifname "br-lan" meta l4proto 112 accept', and the same in the firewall's configuration`,
    });
  });

  test("a policy is named, and the fix goes to the end of the chain", () => {
    const finding = diagnosis({ ruleset: input([[VRRP, ACCEPT]]) })[0];
    expect(finding).toMatchObject({
      code: "replication-dropped",
      place: "table inet fw4, chain input, policy drop",
      message: "the replication from 10.255.0.2 arriving on eth3 is dropped",
      fix: `nft 'add rule inet fw4 input iifname "eth3" udp dport 3780 accept', and the same in the firewall's configuration`,
    });
  });
});

describe("connection tracking", () => {
  const TRACKING = [[NEW_ONLY, ACCEPT]];
  const tracked = (chains: Parameters<typeof ruleset>[0]): readonly string[] =>
    diagnosis({
      ruleset: ruleset({ forward: [{ ...OUTPUT, hook: "forward" }, TRACKING], ...chains }),
    }).map(({ code, message }) => `${code}: ${message}`);

  test("own traffic that is tracked is told with its directions", () => {
    expect(tracked({})).toEqual([
      "own-traffic-tracked: no rule keeps advertisements out of connection tracking (in and out)",
      "own-traffic-tracked: no rule keeps the replication's own packets out of connection tracking (in and out)",
    ]);
  });

  test("notrack before tracking is enough, in each direction", () => {
    const notrack = { notrack: null };
    const rules = [[match(meta("l4proto"), { set: ["vrrp", "udp"] }), notrack]];
    expect(tracked({ raw: [RAW, rules] })).toEqual([
      "own-traffic-tracked: no rule keeps advertisements out of connection tracking (out)",
      "own-traffic-tracked: no rule keeps the replication's own packets out of connection tracking (out)",
    ]);
    expect(tracked({ raw: [RAW, rules], out: [RAW_OUT, rules] })).toEqual([]);
    expect(tracked({ raw: [{ ...RAW, prio: -100 }, rules], out: [RAW_OUT, rules] })).toHaveLength(
      2,
    );
  });

  test("what is not tracked has the state untracked", () => {
    const open = [[match(ct("state"), { set: ["established", "untracked"] }), ACCEPT]];
    const rules = [[VRRP, { notrack: null }]];
    expect(dropped(ruleset({ raw: [RAW, rules], input: [INPUT, open] }))).toEqual([
      "error replication-dropped",
    ]);
  });

  test("rules that track nothing are told where connections are to be replicated", () => {
    const seen = ruleset({ input: [OPEN_INPUT, []] });
    expect(codesOf(diagnosis({ ruleset: seen, sysctls: {} }))).toContain("warning nothing-tracked");
    const alone = expecting({ replication: undefined });
    expect(codesOf(diagnosis({ ruleset: seen }, alone))).toEqual([]);
  });

  test("a flow table and helpers are told with their rules", () => {
    const forward = { ...OUTPUT, hook: "forward" };
    const rules = [[{ flow: { op: "add", flowtable: "@ft" } }], [{ "ct helper": "ftp" }]];
    const findings = diagnosis({ ruleset: ruleset({ forward: [forward, rules] }) });
    expect(findings.find(({ code }) => code === "flows-offloaded")?.fix).toContain(
      "nft delete rule inet fw4 forward handle 11",
    );
    expect(codesOf(findings)).toContain("warning expectations-not-replicated");
  });
});
