/** What the pages about configuration files have in common. */

export interface KeywordRow {
  readonly name: string;
  readonly form: string;
  readonly doc: string;
  readonly initial: string;
  readonly support: "supported" | "implied" | "unsupported";
}

const SUPPORT: Readonly<Record<KeywordRow["support"], string>> = {
  supported: "yes",
  implied: "always so",
  unsupported: "**no**",
};

export function keywordSection(title: string, rows: readonly KeywordRow[]): string {
  const lines = rows.map(
    ({ name, form, initial, support, doc }) =>
      `| ${code(`${name} ${form}`.trim())} | ${cell(initial)} | ${SUPPORT[support]} | ${cell(doc)} |`,
  );
  return [
    `## ${title}`,
    "",
    "| keyword | default | acts | |",
    "|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}

export function findingsSection(findings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(findings).map(([name, text]) => `| ${code(name)} | ${cell(text)} |`);
  return ["## Findings", "", "| code | |", "|---|---|", ...lines, ""].join("\n");
}

export const code = (text: string): string => `\`${cell(text)}\``;

const cell = (text: string): string => text.replaceAll("|", String.raw`\|`);
