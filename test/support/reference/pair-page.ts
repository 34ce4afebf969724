/** docs/reference/duet-yaml.md, made from the keys that the reader of duet.yaml works by. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { PAIR_FINDINGS } from "../../../src/config/pair/codes.ts";
import {
  CHECK_KEYS,
  ELECTION_KEYS,
  TRACKED_INTERFACE_KEYS,
  TRACKING_KEYS,
} from "../../../src/config/pair/election-keys.ts";
import { FILE_KEYS, HOOK_KEYS } from "../../../src/config/pair/keys.ts";
import type { Field } from "../../../src/config/pair/maps.ts";
import { DHCP_KEYS, HOST_KEYS, NETWORK_KEYS } from "../../../src/config/pair/network-keys.ts";
import { FILTER_KEYS, REPLICATION_KEYS } from "../../../src/config/pair/replication-keys.ts";
import { code, findingsSection } from "./conf-tables.ts";

const example = (name: string): string => {
  const file = path.join(import.meta.dirname, "../../../examples", name, "duet.yaml");
  const [, ...lines] = readFileSync(file, "utf8").split("\n");
  return lines.join("\n");
};

const INTRODUCTION = `# duet.yaml

One file for both routers, the same on each: \`/etc/duet/duet.yaml\`. A router finds out which of the two it is by its addresses,
by its host name, or is told (\`--node\`). \`duet check FILE\` prints what there is to say about it:
\`file:line:column: severity: message [code]\`. With an error the daemon does not start, and a reload keeps what runs.

\`\`\`yaml
${example("home")}\`\`\`

Everything else has a default. A larger one: [examples/three-networks](../../examples/three-networks/duet.yaml).

## The language

* YAML 1.2, one document. Anchors and aliases are possible, merge keys (\`<<\`) and tags are not. Truth is \`true\` and \`false\`, not \`yes\` and \`on\`.
* Keys that are not known, keys that are there twice, and values that cannot be read are errors; all of them are told at once.
* Times and sizes have their unit: \`us\`, \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`; \`B\`, \`KiB\`, \`MiB\`. A number alone is an error.
* Addresses of routers and virtual addresses have the length of their network's prefix.
* Names of the pair, of routers, networks, checks and hosts have 1 to 32 letters, digits, \`-\`, \`_\` and \`.\`, of which the first one is a letter.
* Commands are a line that is split at blanks, or a list of words. No shell reads them.
* Editors that know YAML schemas check while you write: begin the file with
  \`# yaml-language-server: $schema=PATH\`, where PATH is \`duet-router/schema/duet.schema.json\` in the folder that
  \`npm root -g\` prints.

## What follows from it

* Each network has one VRRP instance for IPv4, which has its name, and one for IPv6, which has \`-6\` after it. IPv6 always has version 3.
* A network without virtual addresses is a dedicated link; connections are replicated over it.
* Where no VRID is given, it follows from the names of pair and network, and is the same on both routers. Networks that share
  an interface get different ones.
* A router with virtual IPv4 addresses needs an own IPv4 address in their subnet. For IPv6 the link-local address does,
  unless advertisements are sent by unicast.
`;

type Fields = Readonly<Record<string, Field<unknown>>>;

const SECTIONS: readonly (readonly [string, Fields])[] = [
  ["The file", { ...FILE_KEYS }],
  ["networks: NAME", { ...NETWORK_KEYS }],
  ["networks: NAME: dhcp", { ...DHCP_KEYS }],
  ["networks: NAME: dhcp: hosts: NAME", { ...HOST_KEYS }],
  ["vrrp", { ...ELECTION_KEYS }],
  ["track", { ...TRACKING_KEYS }],
  ["track: interfaces: an entry with a weight", { ...TRACKED_INTERFACE_KEYS }],
  ["track: checks: NAME", { ...CHECK_KEYS }],
  ["replication", { ...REPLICATION_KEYS }],
  ["replication: filter", { ...FILTER_KEYS }],
  ["hooks", { ...HOOK_KEYS }],
];

const cell = (text: string): string => text.replaceAll("|", String.raw`\|`);

function section([title, fields]: readonly [string, Fields]): string {
  const rows = Object.entries(fields).map(
    ([name, { kind, doc, initial = "**required**" }]) =>
      `| ${code(name)} | ${cell(kind.form)} | ${cell(initial)} | ${cell(doc)} |`,
  );
  return [`## ${title}`, "", "| key | value | default | |", "|---|---|---|---|", ...rows, ""].join(
    "\n",
  );
}

export const pairPage = (): string =>
  [INTRODUCTION, ...SECTIONS.map(section), findingsSection(PAIR_FINDINGS)].join("\n");
