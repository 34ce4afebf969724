import { describe, expect, test } from "vitest";
import {
  codesOf,
  diagnosis,
  EXPECTATION,
  expecting,
  match,
  meta,
  payload,
  ruleset,
} from "../../support/doctor.ts";

const NAT = { type: "nat", hook: "postrouting", prio: 100, policy: "accept" };

describe("the address that connections leave with", () => {
  const out = match(meta("oifname"), "eth0.2");
  const lan = match(payload("ip", "saddr"), { prefix: { addr: "192.168.1.0", len: 24 } });
  const nat = (...rules: readonly (readonly unknown[])[]): readonly string[] => {
    const seen = ruleset({ srcnat: [NAT, rules] });
    return diagnosis({ ruleset: seen })
      .filter(({ code }) => code !== "own-traffic-tracked")
      .map(({ severity, code, message }) => `${severity} ${code}: ${message}`);
  };
  const OWN =
    "connections leaving eth0.2 get 192.168.0.2, this router's own address, and not the virtual address 192.168.0.4";

  test.each<readonly [string, readonly (readonly unknown[])[], readonly string[]]>([
    ["no translation", [], []],
    ["to the virtual address", [[out, { snat: { family: "ip", addr: "192.168.0.4" } }]], []],
    ["masquerading", [[out, lan, { masquerade: null }]], [`error masquerade-own-address: ${OWN}`]],
    [
      "to the own address",
      [[out, { snat: { addr: "192.168.0.2" } }]],
      [`error reply-address-lost: ${OWN}`],
    ],
    [
      "to an address of nobody",
      [[out, { snat: { addr: "203.0.113.7" } }]],
      [
        "warning reply-address-lost: connections leaving eth0.2 get 203.0.113.7, which nobody of the pair holds, and not the virtual address 192.168.0.4",
      ],
    ],
    [
      "to one of several",
      [[out, { snat: { addr: { range: ["192.168.0.2", "192.168.0.9"] } } }]],
      [],
    ],
    [
      "masquerading what the rule may not mean",
      [[out, match(meta("mark"), 1), { masquerade: null }]],
      [`warning masquerade-own-address: ${OWN}`],
    ],
    [
      "what forwarded packets are known to be",
      [
        [
          out,
          match({ fib: { result: "type", flags: ["saddr"] } }, "local", "!="),
          { snat: { addr: "192.168.0.4" } },
        ],
        [out, { masquerade: null }],
      ],
      [],
    ],
    [
      "translation that may be passed by, before masquerading",
      [
        [out, match(meta("mark"), 1), { snat: { addr: "192.168.0.4" } }],
        [out, { masquerade: null }],
      ],
      [`error masquerade-own-address: ${OWN}`.replace("error", "warning")],
    ],
    [
      "translation before masquerading",
      [
        [out, { snat: { addr: "192.168.0.4" } }],
        [out, { masquerade: null }],
      ],
      [],
    ],
    [
      "masquerading of another network",
      [
        [
          out,
          match(payload("ip", "saddr"), { prefix: { addr: "10.9.0.0", len: 16 } }),
          { masquerade: null },
        ],
      ],
      [],
    ],
  ])("%s", (_, rules, found) => {
    expect(nat(...rules)).toEqual(found);
  });

  test("masquerading is right where the next hop is in the virtual address's network only", () => {
    const instances = EXPECTATION.model.vrrp.instances;
    const wan = instances.find(({ name }) => name === "E1");
    const far = expecting({}, ({ name, addresses, routes }) =>
      name === "E1"
        ? {
            addresses: addresses.map((one) => ({
              ...one,
              spec: { ...one.spec, address: "203.0.113.4" as typeof one.spec.address },
            })),
            routes: routes.map((one) => ({
              ...one,
              spec: { ...one.spec, gateway: "203.0.113.1" as typeof one.spec.destination.address },
            })),
          }
        : {},
    );
    expect(wan?.routes).toHaveLength(1);
    const seen = ruleset({ srcnat: [NAT, [[out, { masquerade: null }]]] });
    expect(codesOf(diagnosis({ ruleset: seen }, far))).not.toContain(
      "error masquerade-own-address",
    );
  });
});
