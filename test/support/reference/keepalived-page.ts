/** docs/reference/keepalived-conf.md, made from the tables that the reader of keepalived.conf works by. */
import { FINDINGS } from "../../../src/config/codes.ts";
import { ADDRESS_FORM } from "../../../src/config/keepalived/addresses.ts";
import { DELAY_FORM } from "../../../src/config/keepalived/interfaces.ts";
import { ROUTE_FORM } from "../../../src/config/keepalived/routes.ts";
import { RULE_FORM } from "../../../src/config/keepalived/rules.ts";
import { TABLES, TOP } from "../../../src/config/keepalived/top.ts";
import { TRACKING_FORM } from "../../../src/config/keepalived/tracking.ts";
import { code, findingsSection, keywordSection } from "./conf-tables.ts";

const INTRODUCTION = `# keepalived.conf

Duet reads the file that keepalived reads, unmodified: \`duet run --keepalived FILE\`. \`duet check FILE\` prints what there is to
say about it: \`file:line:column: severity: message [code]\`. With an error the daemon does not start, and a reload keeps what
runs.

## What is different from keepalived

* Everything that is wrong is told at once. What keepalived ignores although it changes what the file means is an error: a
  number out of its range, an unknown interface, group member or tracker, a script that does not exist, an address of
  the other family, a brace that is missing.
* \`state backup\` in lower case is BACKUP, with a warning.
* The block of an unknown keyword, and every LVS section, is skipped as a whole with one warning; a block whose name is close to a known
  one is an error, because a reload would take away what stands in it.
* The order of blocks does not matter: globals count wherever they stand, and a tracker may be defined after its use.
* An interface of \`interface_up_down_delays\` without a second number is up after as long as it is down.
* Definitions, repetitions and includes are limited: 16384 characters for a line, 64 kB for
  what it expands to, 4 MB and 50000 lines in all, 256 files, 16 deep.
* Virtual addresses have a lifetime of 2 seconds in the kernel and are renewed twice a second, so that a router whose daemon
  is dead or hangs loses them.
* Routes and rules have the protocol 112, unless \`no_track\` and \`protocol\` say otherwise.

## The language

A statement is a line: a keyword and its words. \`{\` and \`}\` begin and end a block wherever they stand. \`#\` and \`!\` begin a
comment. Double quotes keep blanks, braces and comment signs in one word; where a command is expected single quotes do, too,
and inside double quotes quotes of either kind group, and backslashes escape.

| | |
|---|---|
| \`include PATTERN\` | Another file, or all that match. \`includer\`, \`includem\`, \`includew\`, \`includeb\` and \`includea\` insist on it. |
| \`@ID …\`, \`@^ID …\` | The line counts only if the config id is ID, or is not. It is the host name up to its first dot unless \`--config-id\` says otherwise. |
| \`$NAME=TEXT\` | A definition; lines that end in a backslash go on. Use it as \`$NAME\` or \`\${NAME}\`. |
| \`\${_ENV NAME}\`, \`\${_PWD}\`, \`\${_INSTANCE}\`, \`\${_RANDOM [MIN [MAX]]}\`, \`\${_HASH}\`, \`\${_BANG}\` | Environment, folder of the file, config id, a random number, \`#\`, \`!\`. |
| \`~SEQ(NAME, START, STEP, END) …\` | Repeats the line; START and STEP may be left out. \`~SEQx\` counts in hexadecimal. |
| \`~LST(NAME, VALUE, …) …\` | Repeats the line with each value; \`{A, B}\` and \`{1, 2}\` for several names. |
`;

const LINES = `## Lines of lists

| in | one line is |
|---|---|
| \`virtual_ipaddress\`, \`virtual_ipaddress_excluded\`, \`static_ipaddress\` | ${code(ADDRESS_FORM)} |
| \`virtual_routes\`, \`static_routes\` | ${code(ROUTE_FORM)} |
| \`virtual_rules\`, \`static_rules\` | ${code(RULE_FORM)} |
| \`track_interface\`, \`track_script\`, \`track_file\`, \`track_process\` | ${code(TRACKING_FORM)} |
| \`interface_up_down_delays\` | ${code(DELAY_FORM)} |
`;

export function keepalivedPage(): string {
  return [
    INTRODUCTION,
    keywordSection("Outside all blocks", TOP),
    ...Object.entries(TABLES).map(([name, table]) => keywordSection(name, table)),
    LINES,
    findingsSection(FINDINGS),
  ].join("\n");
}
