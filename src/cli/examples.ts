/** The part of a verb's help that shows how it is used: [command line, what it does]. */
export function examples(...lines: readonly (readonly [command: string, does: string])[]): string {
  const shown = lines.map(([command, does]) => `  $ ${command}\n      ${does}`);
  return `\nExamples:\n${shown.join("\n")}`;
}
