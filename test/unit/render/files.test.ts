/** Rendered files as they are written, for whoever reads the difference. */

import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { PairConfig } from "../../../src/config/pair/model.ts";
import { renderConntrackd } from "../../../src/render/conntrackd.ts";
import { renderDnsmasq } from "../../../src/render/dnsmasq.ts";
import { renderKeepalived } from "../../../src/render/keepalived.ts";
import { renderNftables } from "../../../src/render/nftables.ts";
import { renderNotifyScript } from "../../../src/render/notify-script.ts";
import { renderSysctl } from "../../../src/render/sysctl.ts";
import { renderSysupgrade } from "../../../src/render/sysupgrade.ts";
import { pairOf } from "../../support/pair-files.ts";
import { APART, OFFICE } from "../../support/rendered-pairs.ts";

/** An example that people start from. */
const example = (name: string): PairConfig =>
  pairOf(
    readFileSync(path.join(import.meta.dirname, "../../../examples", name, "duet.yaml"), "utf8"),
  );
const PAIRS = ["home", "three-networks"].map((name) => [name, example(name)] as const);

const SECRET = new TextEncoder().encode("0123456789abcdef\n");

const RENDERERS: readonly (readonly [string, (pair: PairConfig, node: string) => string])[] = [
  ["keepalived.conf", (pair, node) => renderKeepalived(pair, node, SECRET)],
  ["conntrackd.conf", renderConntrackd],
  ["notify.sh", renderNotifyScript],
  ["duet.nft", renderNftables],
  ["dnsmasq.conf", renderDnsmasq],
  ["sysctl.conf", renderSysctl],
  ["sysupgrade.conf", renderSysupgrade],
];

describe.each([...PAIRS, ["office", OFFICE] as const, ["apart", APART] as const])(
  "of the pair %s",
  (name, pair) => {
    const [{ name: first }, { name: second }] = pair.routers;

    test.each(RENDERERS)("%s is as reviewed", async (file, render) => {
      const folder = `./golden/${name}`;
      await expect(render(pair, first)).toMatchFileSnapshot(`${folder}/${first}-${file}`);
      await expect(render(pair, second)).toMatchFileSnapshot(`${folder}/${second}-${file}`);
    });

    test.each(RENDERERS)("%s is the same every time", (_, render) => {
      expect(render(structuredClone(pair), second)).toBe(render(pair, second));
    });

    test.each(RENDERERS)("%s has no line with blanks at its end and ends once", (_, render) => {
      expect(render(pair, first)).toMatch(/^(?:[^\n]*[^\s]\n|\n(?!\n|$))+$/);
    });

    test.each(RENDERERS)("%s is refused for a router that there is not", (_, render) => {
      expect(() => render(pair, "gamma")).toThrow(
        `there is no router gamma: it is ${first} or ${second}`,
      );
    });
  },
);
