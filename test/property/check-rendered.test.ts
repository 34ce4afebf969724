/** What is rendered from one pair's file for both routers agrees: checking the files finds no error in them. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { PairConfig } from "../../src/config/pair/model.ts";
import { renderConntrackd } from "../../src/render/conntrackd.ts";
import { renderDnsmasq } from "../../src/render/dnsmasq.ts";
import { renderKeepalived } from "../../src/render/keepalived.ts";
import { renderNftables } from "../../src/render/nftables.ts";
import { renderNotifyScript } from "../../src/render/notify-script.ts";
import { renderSysctl } from "../../src/render/sysctl.ts";
import { renderSysupgrade } from "../../src/render/sysupgrade.ts";
import { renderUciFiles } from "../../src/render/uci-files.ts";
import { type Files, findInSite } from "../support/check-site.ts";
import { pairConfig } from "../support/pair-arbitrary.ts";
import { HOME } from "../support/rendered-pairs.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });

const SECRET = new TextEncoder().encode("0123456789abcdef0123456789abcdef");

const filesOf = (pair: PairConfig, node: string): Files => ({
  "etc/keepalived/keepalived.conf": renderKeepalived(pair, node, SECRET),
  ...(pair.replication !== undefined && {
    "etc/conntrackd/conntrackd.conf": renderConntrackd(pair, node),
    "etc/duet/notify.sh": renderNotifyScript(pair, node),
  }),
  "etc/dnsmasq.d/duet.conf": renderDnsmasq(pair, node),
  "etc/duet/duet.nft": renderNftables(pair, node),
  "etc/sysctl.d/90-duet.conf": renderSysctl(pair, node),
  "etc/sysupgrade.conf": renderSysupgrade(pair, node),
});

const findingsOf = (pair: PairConfig): ReturnType<typeof findInSite>["found"] => {
  const [alpha, beta] = pair.routers;
  return findInSite(filesOf(pair, alpha.name), filesOf(pair, beta.name)).found;
};

test("in the files of the home pair only that it replicates what its own link carries is found", () => {
  expect(new Set(findingsOf(HOME).map(({ code }) => code))).toEqual(
    new Set(["own-flows-replicated"]),
  );
});

const HOW_TO = path.join(import.meta.dirname, "../unit/check/how-to");

/** The how-to's files of OpenWrt, edited for the home pair. */
function editedFiles(node: string): Files {
  const packages = (["network", "dhcp", "firewall"] as const).map((name) => {
    const file = `etc/config/${name}`;
    return { package: name, path: file, text: readFileSync(path.join(HOW_TO, node, file), "utf8") };
  });
  const { files } = renderUciFiles(HOME, node, packages, SECRET);
  return {
    "etc/keepalived/keepalived.conf": renderKeepalived(HOME, node, SECRET),
    ...Object.fromEntries(files.map((file) => [file.path, file.text])),
  };
}

test("in the how-to's files of OpenWrt, edited for the home pair, only the comment is wrong", () => {
  const { found } = findInSite(editedFiles("alpha"), editedFiles("beta"));
  expect(new Set(found.map(({ code }) => code))).toEqual(new Set(["comment-address"]));
});

/** A pair's file may ask for these. */
const WANTED = new Set(["dhcp-option-not-virtual"]);

test("no error is found in the files of any pair", () => {
  fc.assert(
    fc.property(pairConfig, (pair) => {
      const errors = findingsOf(pair).filter(
        ({ severity, code }) => severity === "error" && !WANTED.has(code),
      );
      expect(errors.map(({ code, message }) => `${code}: ${message}`)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
