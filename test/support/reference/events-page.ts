import { CATALOGUE } from "../../../src/log/catalogue.ts";

/** docs/reference/events.md. */
export function eventsPage(): string {
  const sections = Object.entries(CATALOGUE).map(([name, { level, meaning, fields }]) => {
    const rows = Object.entries(fields).map(([field, holds]) => `| \`${field}\` | ${holds} |`);
    return `## ${name}

${level}: ${meaning}

| field | |
|---|---|
${rows.join("\n")}
`;
  });
  return `# Log events

What the daemon writes to stderr, one line an event. With \`--log-format json\` each line is an object with \`time\`, \`level\`,
\`event\` (a name of this page), \`text\` and the fields listed here. Names and fields stay; new ones may be added.

*error*: a human must act. *warn*: degraded. *info*: transitions, reloads, life of the daemon. *debug*: everything else.
An event may have another level than its usual one, which is given here, where the case at hand is more or less urgent.

When nobody reads the log, lines are dropped and counted; the daemon never waits for a reader.

${sections.join("\n")}`;
}
