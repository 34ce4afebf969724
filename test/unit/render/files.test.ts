/** Rendered files as they are written, for whoever reads the difference. */
import { describe, expect, test } from "vitest";
import type { PairConfig } from "../../../src/config/pair/model.ts";
import { renderConntrackd } from "../../../src/render/conntrackd.ts";
import { renderDnsmasq } from "../../../src/render/dnsmasq.ts";
import { renderKeepalived } from "../../../src/render/keepalived.ts";
import { renderNftables } from "../../../src/render/nftables.ts";
import { renderNotifyScript } from "../../../src/render/notify-script.ts";
import { renderSysctl } from "../../../src/render/sysctl.ts";
import { renderSysupgrade } from "../../../src/render/sysupgrade.ts";
import { APART, HOME, OFFICE } from "../../support/rendered-pairs.ts";

const RENDERERS: readonly (readonly [string, (pair: PairConfig, node: string) => string])[] = [
  ["keepalived.conf", (pair, node) => renderKeepalived(pair, node)],
  ["conntrackd.conf", renderConntrackd],
  ["notify.sh", renderNotifyScript],
  ["duet.nft", renderNftables],
  ["dnsmasq.conf", renderDnsmasq],
  ["sysctl.conf", renderSysctl],
  ["sysupgrade.conf", renderSysupgrade],
];

describe.each([HOME, OFFICE, APART])("of the pair $name", (pair) => {
  test.each(RENDERERS)("%s is as reviewed", async (file, render) => {
    const folder = `./golden/${pair.name}`;
    await expect(render(pair, "alpha")).toMatchFileSnapshot(`${folder}/alpha-${file}`);
    await expect(render(pair, "beta")).toMatchFileSnapshot(`${folder}/beta-${file}`);
  });

  test.each(RENDERERS)("%s is the same every time", (_, render) => {
    expect(render(structuredClone(pair), "beta")).toBe(render(pair, "beta"));
  });

  test.each(RENDERERS)("%s has no line with blanks at its end and ends once", (_, render) => {
    expect(render(pair, "alpha")).toMatch(/^(?:[^\n]*[^\s]\n|\n(?!\n|$))+$/);
  });

  test.each(RENDERERS)("%s is refused for a router that there is not", (_, render) => {
    expect(() => render(pair, "gamma")).toThrow("there is no router gamma: it is alpha or beta");
  });
});
