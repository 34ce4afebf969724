import type { Command } from "commander";
import { optionNotes, type VerbPage, verbs } from "./program.ts";

/** docs/reference/cli.md. */
export function cliPage(program: Command): string {
  const pages = verbs(program).map((verb) => verbSection(verb));
  return `# Command line

\`duet VERB\` runs the daemon, asks it, or prepares its work. \`duet --version\` prints the version, and every verb explains
itself with \`--help\`.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | findings, a failed drill, or a request that the daemon refused |
| 2 | wrong usage, or a configuration with errors |
| 3 | the daemon cannot be reached |
| 4 | no permission |
| 70 | an error that nobody foresaw; \`--debug\` shows where it comes from |

${pages.join("\n")}`;
}

function verbSection(verb: VerbPage): string {
  const rows = [
    ...verb.arguments.map(
      (argument) => `| \`${argument.name()}\` | ${argument.description}${optionNotes(argument)} |`,
    ),
    ...verb.options.map(
      (option) => `| \`${option.flags}\` | ${option.description}${optionNotes(option)} |`,
    ),
  ];
  const table =
    rows.length === 0 ? "" : `\n| argument or option | |\n|---|---|\n${rows.join("\n")}\n`;
  const examples = verb.examples.map(({ command, does }) => `# ${does}\n${command}\n`).join("\n");
  return `## duet ${verb.name}

\`\`\`
${verb.usage}
\`\`\`

${verb.description}
${table}
\`\`\`sh
${examples}\`\`\`
`;
}
