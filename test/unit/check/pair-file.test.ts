import { expect, test } from "vitest";
import { checkPair } from "../../../src/check/pair-file.ts";
import { loadPair } from "../../../src/config/pair/load.ts";
import { filesFrom } from "../../support/keepalived-files.ts";

const FILE = "/etc/duet/duet.yaml";
const PAIR = `pair: home
secret-file: /etc/duet/secret
routers:
  alpha: { lan: 192.168.1.2/24, wan: 192.168.0.2/24, link: 10.255.0.1/30 }
  beta: { lan: 192.168.1.3/24, wan: 192.168.0.3/24, link: 10.255.0.2/30 }
networks:
  lan: { interface: br-lan, address: 192.168.1.4/24, dhcp: true }
  wan: { interface: eth0.2, address: 192.168.0.4/24, gateway: 192.168.0.1, metric: 5 }
  link: { interface: eth3 }
`;

function check(text: string): readonly string[] {
  const loaded = loadPair(FILE, filesFrom({ [FILE]: text }));
  expect(loaded.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return checkPair(loaded).map(({ at, code }) => `${at.line} ${code}`);
}

test("the home pair has no finding", () => {
  expect(check(PAIR)).toEqual([]);
});

test.each([
  ["preemption between equal priorities", "vrrp: { preempt: true }\n", ["10 priority-tie"]],
  [
    "a weight without preemption",
    "track: { interfaces: [{ interface: eth6, weight: -20 }] }\n",
    ["10 weight-no-effect"],
  ],
  [
    "a weight below the difference of the priorities",
    "vrrp: { preempt: true, priority: { alpha: 150, beta: 100 } }\ntrack: { interfaces: [{ interface: eth6, weight: -20 }] }\n",
    ["11 weight-no-effect"],
  ],
  [
    "a weight above it is fine",
    "vrrp: { preempt: true, priority: { alpha: 150, beta: 100 } }\ntrack: { interfaces: [{ interface: eth6, weight: -60 }] }\n",
    [],
  ],
  ["networks that move apart", "vrrp: { together: false }\n", ["10 group-absent"]],
  ["replication over a network of hosts", "replication: { links: [lan] }\n", ["10 link-shared"]],
])("%s", (_, text, codes) => {
  expect(check(PAIR + text)).toEqual(codes);
});

test("DHCP that names a router's own address is found", () => {
  const own = PAIR.replace("dhcp: true", "dhcp: { router: 192.168.1.2 }");
  expect(check(own)).toEqual(["7 dhcp-option-not-virtual"]);
  const servers = PAIR.replace("dhcp: true", "dhcp: { dns: [192.168.1.2, 192.168.1.3] }");
  expect(check(servers)).toEqual([]);
  expect(check(servers.replace(", 192.168.1.3]", "]"))).toEqual(["7 dhcp-option-not-virtual"]);
});
