/** docs/reference/findings.md, made from the catalogue of findings. */
import { CATALOGUE, type CatalogueSection } from "../../../src/check/catalogue.ts";
import type { FindingEntry } from "../../../src/check/entry.ts";

const INTRODUCTION = `# Findings

What \`duet check\`, \`duet doctor\` and the daemon say about configurations and routers. Every kind of finding has a code, which
never changes; \`duet check --explain CODE\` prints what stands here. A code has the severity "error" here when it has that in
its worst case.
`;

export const findingsPage = (): string =>
  [INTRODUCTION, ...CATALOGUE.map((section) => sectionText(section))].join("\n");

const sectionText = ({ title, entries }: CatalogueSection): string =>
  [`## ${title}\n`, ...entries.map((entry) => entryText(entry))].join("\n");

const entryText = ({ code, severity, summary, cause, consequence, fix }: FindingEntry): string =>
  `### \`${code}\` (${severity})

${escaped(summary)}

* Cause: ${escaped(cause)}
* Consequence: ${escaped(consequence)}
* Fix: ${escaped(fix)}
`;

const escaped = (text: string): string => text.replaceAll(/[<>*_]/g, String.raw`\$&`);
