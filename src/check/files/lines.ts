/** Lines of configuration files without a grammar of their own. */
import type { Position } from "../../config/diagnostics.ts";

/** More than any file of this kind has. */
const LINES_MAX = 50_000;

export interface Line {
  /** Trimmed, without a comment; never empty. */
  readonly text: string;
  readonly at: Position;
}

/** What is left of each line after `comment` and blanks are gone. */
export function linesOf(file: string, text: string, comment: RegExp): readonly Line[] {
  return text
    .split("\n", LINES_MAX)
    .map((line, index) => {
      const bare = line.replace(comment, "").trimEnd();
      const column = bare.length - bare.trimStart().length + 1;
      return { text: bare.trimStart(), at: { file, line: index + 1, column } };
    })
    .filter((line) => line.text !== "");
}
