/** Units, VRIDs, pools, and which router this is. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type IpAddress, parseIp, parsePrefix } from "../../../../src/base/ip.ts";
import { microseconds, milliseconds, seconds } from "../../../../src/base/time.ts";
import { chosenVrid } from "../../../../src/config/pair/defaults.ts";
import { defaultPool } from "../../../../src/config/pair/dhcp-pool.ts";
import { findNode } from "../../../../src/config/pair/node.ts";
import {
  durationText,
  parseDuration,
  parseSize,
  sizeText,
} from "../../../../src/config/pair/units.ts";
import { completeVrids } from "../../../../src/config/pair/vrids.ts";
import { loadPairText, pairOf } from "../../../support/pair-files.ts";

const ip = (text: string): IpAddress => parseIp(text)!;

describe("times and sizes", () => {
  test.each([
    ["100us", microseconds(100)],
    ["100ms", milliseconds(100)],
    ["1s", seconds(1)],
    ["1.5s", milliseconds(1_500)],
    ["0.1s", milliseconds(100)],
    ["40.95s", milliseconds(40_950)],
    ["30m", seconds(1_800)],
    ["12h", seconds(43_200)],
    ["2d", seconds(172_800)],
    ["0s", seconds(0)],
  ])("%s", (text, span) => {
    expect(parseDuration(text)).toBe(span);
  });

  test.each([
    "1",
    "s",
    "1 s",
    "-1s",
    "1S",
    "1e3s",
    "1.s",
    "0.5us",
    "1h30m",
    "99999999999999s",
    "0x1s",
  ])("%s is no time", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test("every time and every size is read back as it was written", () => {
    fc.assert(
      fc.property(fc.nat(2_000_000_000), (count) => {
        expect(parseDuration(durationText(microseconds(count)))).toBe(count);
        expect(parseSize(sizeText(count))).toBe(count);
      }),
    );
    expect([durationText(seconds(90)), durationText(seconds(120))]).toEqual(["90s", "2m"]);
    expect([sizeText(1_048_576), sizeText(1_536), sizeText(7)]).toEqual(["1MiB", "1536B", "7B"]);
  });
});

describe("VRIDs that nobody chose", () => {
  const one = (name: string, place: string, vrid?: number) => ({
    name,
    interfaces: { alpha: place, beta: place },
    vrid,
    vrid6: undefined,
  });

  test("are from 1 to 255, and follow from the names alone", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (pair, network) => {
        const vrid = chosenVrid(pair, network);
        expect(vrid).toBe(chosenVrid(pair, network));
        expect(Number.isInteger(vrid) && vrid >= 1 && vrid <= 255).toBe(true);
      }),
    );
  });

  // Both routers may have different versions of Duet for a while.
  test("stay what they are from version to version", () => {
    expect([chosenVrid("home", "lan"), chosenVrid("home", "wan")]).toEqual([216, 67]);
  });

  test("are spread over all numbers", () => {
    const counts = new Set(Array.from({ length: 5_000 }, (_, n) => chosenVrid("p", `net${n}`)));
    expect(counts.size).toBe(255);
  });

  test("do not depend on other networks, unless they share an interface", () => {
    const lan = chosenVrid("home", "lan");
    const vridOf = (...others: readonly ReturnType<typeof one>[]): number | undefined =>
      completeVrids("home", [...others, one("lan", "eth0")]).at(-1)?.vrid;
    expect(vridOf()).toBe(lan);
    expect(vridOf(one("x", "eth1", lan))).toBe(lan);
    expect(vridOf(one("x", "eth0", lan))).toBe((lan % 255) + 1);
  });

  test("are all different on one interface", () => {
    const many = Array.from({ length: 255 }, (_, n) => one(`n${n}`, "eth0"));
    expect(new Set(completeVrids("home", many).map(({ vrid }) => vrid)).size).toBe(255);
  });
});

describe("the pool of DHCP", () => {
  test.each([
    ["192.168.1.4/24", [], "192.168.1.100 192.168.1.249"],
    ["192.168.1.4/24", ["192.168.1.4", "192.168.1.249"], "192.168.1.100 192.168.1.248"],
    ["192.168.1.4/24", ["192.168.1.120"], "192.168.1.121 192.168.1.249"],
    ["10.7.0.1/16", ["10.7.0.1"], "10.7.0.100 10.7.0.249"],
    ["192.0.2.66/26", ["192.0.2.65", "192.0.2.66", "192.0.2.67"], "192.0.2.68 192.0.2.126"],
    ["192.0.2.1/30", ["192.0.2.1"], "192.0.2.2 192.0.2.2"],
    ["192.0.2.1/30", ["192.0.2.1", "192.0.2.2"], undefined],
    ["192.0.2.1/31", [], undefined],
  ])("of %s without %s", (subnet, taken, expected) => {
    const pool = defaultPool(parsePrefix(subnet)!, taken.map(ip));
    expect(pool && `${pool.first} ${pool.last}`).toBe(expected);
  });
});

const PAIR = pairOf(`pair: home
routers:
  alpha: { lan: 192.168.1.2/24 }
  beta: { lan: 192.168.1.3/24 }
networks:
  lan: { interface: eth0, address: 192.168.1.4/24 }
`);

describe("which router this is", () => {
  test.each([
    [{ name: "beta", addresses: [ip("192.168.1.2")] }, "this is beta: it was named"],
    [
      { addresses: [ip("127.0.0.1"), ip("192.168.1.2"), ip("192.168.1.4")], hostName: "beta" },
      "this is alpha: it has 192.168.1.2 (lan)",
    ],
    [
      { addresses: [ip("192.168.1.4")], hostName: "Beta.example.net" },
      "this is beta: its host name is Beta.example.net, although it has none of the addresses",
    ],
    [
      { name: "alhpa" },
      'pair home has no router "alhpa", only alpha and beta; did you mean alpha?',
    ],
    [
      { addresses: [ip("192.168.1.2"), ip("192.168.1.3")] },
      "this router has addresses of both: 192.168.1.2 (lan) of alpha and 192.168.1.3 (lan) of beta; remove the wrong ones, or say --node alpha or --node beta",
    ],
    [
      { addresses: [ip("10.0.0.1")], hostName: "gamma" },
      "this router has no address of alpha or beta, and its host name gamma is none of the names: correct routers in the file, or say --node alpha or --node beta",
    ],
    [
      {},
      "this router has no address of alpha or beta: correct routers in the file, or say --node alpha or --node beta",
    ],
  ])("of %j", (facts, sentence) => {
    const found = findNode(PAIR, facts);
    expect(found.ok ? found.how : found.message).toBe(sentence);
    expect(found.ok && found.router.name).toBe(found.ok && /^this is (\w+)/.exec(sentence)?.[1]);
  });
});

test("positions are known by the words of the file and by those of the model", () => {
  const { positions } = loadPairText(`pair: home
routers:
  alpha: { lan: 192.168.1.2/24 }
  beta: { lan: 192.168.1.3/24 }
networks:
  lan: { interface: eth0, address: 192.168.1.4/24 }
vrrp: { preempt-delay: 3s, preempt: true }
replication: { filter: { states: [ESTABLISHED] } }
`);
  const at = (path: string): string => `${positions[path]?.line}:${positions[path]?.column}`;
  expect(at("routers.alpha.lan")).toBe("3:12");
  expect([at("networks.lan"), at("networks.lan.address")]).toEqual(["6:3", "6:27"]);
  expect(at("networks.lan.addresses")).toBe("6:27");
  expect([at("vrrp.preempt-delay"), at("election.preemptDelay")]).toEqual(["7:9", "7:9"]);
  expect(at("replication.filter.tcpStates")).toBe("8:26");
});
