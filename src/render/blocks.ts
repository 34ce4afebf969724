/** Text in nested blocks, as keepalived, conntrackd and nftables read it. */
export interface Block {
  /** What stands before the opening brace. */
  readonly head: string;
  readonly lines: readonly Line[];
}

/** A line without its end and indentation, or a block of them. */
export type Line = string | Block;

export const block = (head: string, lines: readonly Line[]): Block => ({ head, lines });

/** A block for what there is, and nothing for nothing. */
export const optionalBlock = (head: string, lines: readonly Line[]): readonly Block[] =>
  lines.length === 0 ? [] : [block(head, lines)];

/** Every line ends in a line feed; `unit` is what a block is indented by. */
export function formatLines(lines: readonly Line[], unit = "  ", indent = ""): string {
  return lines.map((line) => formatLine(line, unit, indent)).join("");
}

function formatLine(line: Line, unit: string, indent: string): string {
  if (line === "") return "\n";
  if (typeof line === "string") return `${indent}${line}\n`;
  const inner = formatLines(line.lines, unit, indent + unit);
  return `${indent}${line.head} {\n${inner}${indent}}\n`;
}
