/** What the reviewed files do not show: words that need care, and what a program cannot do. */
import { describe, expect, test } from "vitest";
import { milliseconds, seconds } from "../../../src/base/time.ts";
import type { PairCheck, PairConfig, PairElection } from "../../../src/config/pair/model.ts";
import {
  conntrackdRemarks,
  renderConntrackd,
  unwritableLinks,
} from "../../../src/render/conntrackd.ts";
import {
  isKeepalivedIncomplete,
  keepalivedRemarks,
  renderKeepalived,
} from "../../../src/render/keepalived.ts";
import { renderNftables } from "../../../src/render/nftables.ts";
import { renderSysctl } from "../../../src/render/sysctl.ts";
import { mergeSysupgrade, renderSysupgrade } from "../../../src/render/sysupgrade.ts";
import { commandText, secondsText } from "../../../src/render/words.ts";
import { modelOf } from "../../support/keepalived-files.ts";
import { APART, HOME, OFFICE } from "../../support/rendered-pairs.ts";

const SECRET = new TextEncoder().encode("0123456789abcdef\n");

const withElection = (election: Partial<PairElection>): PairConfig => ({
  ...HOME,
  election: { ...HOME.election, ...election },
});

const withChecks = (...checks: readonly PairCheck[]): PairConfig => ({
  ...HOME,
  tracking: { interfaces: [], checks },
});

describe("words", () => {
  test.each([
    [["/bin/true"], '"/bin/true"'],
    [["a", "b c", ""], `"a 'b c' ''"`],
    [["it's"], String.raw`"'it\\'s'"`],
    [['a"b'], String.raw`"'a\042b'"`],
    [["$HOME", "~SEQ(a)"], String.raw`"\044HOME \176SEQ(a)"`],
    [["back\\slash", "line\nfeed"], String.raw`"'back\\\\slash' 'line\012feed'"`],
  ])("of the command %j are grouped and escaped", (argv, text) => {
    expect(commandText(argv)).toBe(text);
  });

  test.each([
    [milliseconds(10), "0.01"],
    [seconds(30), "30"],
    [milliseconds(1_500), "1.5"],
  ])("of %i microseconds are seconds", (span, text) => {
    expect(secondsText(span)).toBe(text);
  });
});

describe("keepalived.conf", () => {
  test("has a key made from the secret, and says which keepalived reads it", () => {
    const pair = withElection({ authentication: { type: "hmac" } });
    expect(renderKeepalived(pair, "alpha", SECRET)).toMatch(/key 1 hex:[0-9a-f]{64}\n/);
    expect(keepalivedRemarks(pair, "alpha", SECRET)).toEqual([
      expect.stringContaining("auth_hmac needs keepalived 2.4"),
    ]);
    expect(isKeepalivedIncomplete(pair, SECRET)).toBe(false);
  });

  test.each<PairElection["authentication"]>([
    { type: "hmac" },
    { type: "pass", password: undefined },
  ])("says that it lacks what %j needs from the secret", (authentication) => {
    const pair = withElection({ version: authentication.type === "pass" ? 2 : 3, authentication });
    expect(isKeepalivedIncomplete(pair)).toBe(true);
    expect(renderKeepalived(pair, "alpha")).toContain("# authentication is missing here");
    expect(renderKeepalived(pair, "alpha")).not.toMatch(/^ +auth/m);
  });

  test("leaves out a password that it cannot hold, and says so", () => {
    const pair = withElection({ version: 2, authentication: { type: "pass", password: 'a"b' } });
    expect(keepalivedRemarks(pair, "alpha")).toEqual([expect.stringContaining("double quote")]);
    expect(isKeepalivedIncomplete(pair)).toBe(true);
  });

  test("rounds checks up to whole seconds, and says so", () => {
    const pair = withChecks({
      type: "script",
      name: "dns",
      command: ["/bin/true"],
      user: undefined,
      interval: milliseconds(500),
      timeout: milliseconds(2_100),
      rise: 1,
      fall: 1,
      weight: 0,
    });
    expect(renderKeepalived(pair, "alpha")).toMatch(/interval 1\n {2}timeout 3\n/);
    expect(keepalivedRemarks(pair, "alpha")).toEqual([expect.stringContaining("check dns: ")]);
  });

  test("leaves out a check of a file that it cannot name, and says so", () => {
    const pair = withChecks({ type: "file", name: "f", path: '/a"b', weight: 0 });
    expect(modelOf(renderKeepalived(pair, "alpha")).trackers).toEqual([]);
    expect(keepalivedRemarks(pair, "alpha")).toEqual([expect.stringContaining("check f ")]);
  });

  test("follows an interface of its own once", () => {
    const tracking = { interfaces: [{ name: "br-lan", weight: 0 }], checks: [] };
    for (const pair of [HOME, APART]) {
      const lan = renderKeepalived({ ...pair, tracking }, "alpha");
      expect(lan.match(/track_interface/g)?.length ?? 0).toBe(pair === HOME ? 0 : 1);
    }
  });

  test("lets the owner of the addresses begin as master and never says nopreempt", () => {
    const [alpha, beta] = HOME.routers;
    const pair = { ...HOME, routers: [{ ...alpha, priority: 255 }, beta] as const };
    const text = renderKeepalived(pair, "alpha");
    expect(text).toContain("state MASTER\n");
    expect(text).not.toContain("nopreempt");
  });
});

describe("conntrackd.conf", () => {
  test("says when it cannot name the interface of a link", () => {
    const networks = HOME.networks.map((network) =>
      network.name === "link" ? { ...network, interfaces: { alpha: "10", beta: "sync" } } : network,
    );
    const pair = { ...HOME, networks };
    expect(unwritableLinks(pair, "alpha").map((link) => link.interface)).toEqual(["10"]);
    expect(conntrackdRemarks(pair, "alpha")).toEqual([
      expect.stringContaining("cannot name the interface 10"),
    ]);
    expect(conntrackdRemarks(pair, "beta")).toEqual([]);
  });

  test("writes no options that its mode does not have", () => {
    const replication = { ...HOME.replication!, mode: "alarm" as const, externalCache: false };
    const text = renderConntrackd({ ...HOME, replication }, "alpha");
    expect(text).toContain("Mode ALARM {\n    PurgeTimeout 5\n  }");
    expect(conntrackdRemarks({ ...HOME, replication }, "alpha")).toHaveLength(1);
  });

  test("of a pair that does not replicate is only a comment", () => {
    expect(renderConntrackd(APART, "alpha")).toMatch(/^(#.*\n)+$/);
    expect(conntrackdRemarks(APART, "alpha")).toEqual([]);
  });
});

describe("the ruleset", () => {
  test("translates only where the pair says so, and only over IPv4", () => {
    expect(renderNftables(OFFICE, "alpha").match(/snat ip to/g)).toHaveLength(1);
    const networks = OFFICE.networks.map((network) => ({ ...network, translates: false }));
    expect(renderNftables({ ...OFFICE, networks }, "alpha")).not.toContain("translate");
  });

  test("knows nothing of replication where there is none", () => {
    expect(renderNftables(APART, "alpha")).not.toContain("udp");
  });
});

test("settings of connection tracking leave room in the tables of replication", () => {
  expect(renderSysctl(HOME, "alpha")).toContain("nf_conntrack_max = 131072\n");
  expect(renderSysctl(APART, "alpha")).not.toContain("netfilter");
});

describe("sysupgrade.conf", () => {
  const part = renderSysupgrade(HOME, "alpha");

  test("keeps every other line, whatever it is", () => {
    expect(mergeSysupgrade("", part)).toBe(part);
    expect(mergeSysupgrade("/a", part)).toBe(`/a\n${part}`);
    expect(mergeSysupgrade("# duet: begin\n/old\n# duet: end\n/b\n", part)).toBe(`${part}/b\n`);
    expect(mergeSysupgrade("/a\n# duet: begin\n/old\n", part)).toBe(`/a\n${part}`);
  });

  test("is the same when it is merged again", () => {
    const once = mergeSysupgrade("/a\n/b\n", part);
    expect(mergeSysupgrade(once, part)).toBe(once);
  });

  test("has the programs and the secret that lie where they would be lost", () => {
    const lines = renderSysupgrade({ ...OFFICE, secretFile: "/etc/secret" }, "alpha").split("\n");
    expect(lines).toContain("/usr/local/sbin/tell");
    expect(lines).toContain("/etc/secret");
    expect(lines).not.toContain("/bin/ping");
  });
});
