/** docs/reference/conntrackd-conf.md, made from the tables that the reader of conntrackd.conf works by. */
import { CONNTRACKD_FINDINGS } from "../../../src/config/codes.ts";
import { TABLES, TOP } from "../../../src/config/conntrackd/top.ts";
import { findingsSection, keywordSection } from "./conf-tables.ts";

const INTRODUCTION = `# conntrackd.conf

Duet reads the file that conntrackd 1.4 reads, unmodified: \`duet run --conntrackd FILE\`, alone or beside \`--keepalived FILE\`.
\`duet check FILE\` prints what there is to say about it: \`file:line:column: severity: message [code]\`. With an error the daemon
does not start, and a reload keeps what runs.

## What is different from conntrackd

* Everything that is wrong is told at once. What conntrackd passes over although it changes what the file means is an error:
  an address that is none, an interface or a local address that the router does not have, a link without port,
  interface or peer.
* Deprecated options and those that Duet does not act on are accepted with one warning each.
* Statistics (\`Stats\`) and helpers in user space (\`Helper\`) are not supported. A file without \`Sync\` is an error.
* A protocol of a filter may be a number. Its name may be written in any case of letters.
* \`NetlinkBufferSizeMaxGrowth\` below \`NetlinkBufferSize\` limits growth only; conntrackd ignores the size then.
* 0 stands for the default where it has no meaning, with a warning.
* The file may end with a comment.

## The language

A statement is a keyword and what it takes; white space and line ends are alike. \`{\` and \`}\` begin and end a block, \`#\` begins a
comment. Nothing ends a statement, and there are no quotation marks.

Keywords are written with the capitals given here. \`on\`, \`yes\`, \`off\`, \`no\` and the names of modes may be written in any case of
letters. Numbers have no unit. A path begins with \`/\` and goes on to the next blank. An interface name begins with a letter; it
is no pattern and no label. Host names are not looked up.

Blocks and keywords may be repeated; the last value counts. What modes configure counts wherever it stands. Up to four
dedicated links of one transport stand by for each other.
`;

export function conntrackdPage(): string {
  return [
    INTRODUCTION,
    keywordSection("Outside all blocks", TOP),
    ...Object.entries(TABLES).map(([name, table]) => keywordSection(name, table)),
    findingsSection(CONNTRACKD_FINDINGS),
  ].join("\n");
}
