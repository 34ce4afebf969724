/** OpenWrt's configuration of one router of the pair, as a batch for uci(1) that needs no knowledge of what is there. */
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { isOwn, quoteUci } from "../config/uci/model.ts";
import { heading } from "./heading.ts";
import { dhcpSections } from "./uci-dhcp.ts";
import { firewallSections } from "./uci-firewall.ts";
import { keepalivedSections, uciKeepalivedRemarks } from "./uci-keepalived.ts";
import { networkSections, plainNames } from "./uci-network.ts";
import type { Setting, WantedSection } from "./uci-sections.ts";
import { distinct, isSet, UCI_PACKAGES } from "./uci-sections.ts";

/**
 * The batch: feed it to `uci -q batch`. It sets what the pair says and leaves everything else; sections named duet_* are
 * made anew. What an earlier pair made and this one does not want stays: edited files know better. `secret` is the content
 * of the secret file.
 */
export function renderUciBatch(pair: PairConfig, node: string, secret?: Uint8Array): string {
  routersOf(pair, node);
  const names = plainNames(pair);
  const sections = distinct([
    ...networkSections(pair, node, names),
    ...dhcpSections(pair, names),
    ...firewallSections(pair, node),
    ...keepalivedSections(pair, node, secret),
  ]);
  const lines = [
    ...heading(pair, node, [...BATCH_REMARKS, ...uciRemarks(pair, secret)]),
    ...UCI_PACKAGES.flatMap((name) =>
      packageCommands(
        name,
        sections.filter((section) => section.package === name),
      ),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

const BATCH_REMARKS = [
  "Run it with: uci -q batch. Interfaces and pools are taken to have the names of the pair's networks.",
];

/** What is wanted of the pair and OpenWrt's files cannot say, one sentence each. */
export const uciRemarks = (pair: PairConfig, secret?: Uint8Array): readonly string[] =>
  uciKeepalivedRemarks(pair, secret);

const packageCommands = (name: string, sections: readonly WantedSection[]): readonly string[] =>
  sections.length === 0 ? [] : ["", ...sections.flatMap(commands), `commit ${name}`];

function commands(section: WantedSection): readonly string[] {
  const path = `${section.package}.${section.name}`;
  const settings = isOwn(section) ? section.settings.filter(isSet) : section.settings;
  return [
    ...(isOwn(section) ? [`delete ${path}`] : []),
    `set ${path}=${section.type}`,
    ...settings.flatMap((setting) => settingCommands(path, setting, isOwn(section))),
  ];
}

function settingCommands(path: string, setting: Setting, isFresh: boolean): readonly string[] {
  const target = `${path}.${setting.name}`;
  switch (setting.type) {
    case "option":
      return [
        setting.value === undefined
          ? `delete ${target}`
          : `set ${target}=${quoteUci(setting.value)}`,
      ];
    case "list":
      return [
        ...(isFresh ? [] : [`delete ${target}`]),
        ...setting.values.map((value) => `add_list ${target}=${quoteUci(value)}`),
      ];
    case "tagged":
      return setting.values.flatMap((value) => [
        `del_list ${target}=${quoteUci(value)}`,
        `add_list ${target}=${quoteUci(value)}`,
      ]);
  }
}
