/** Questions to whoever sits at the terminal. Tests give their own. */
import { createInterface, type Interface } from "node:readline/promises";

export interface Terminal {
  /** False where nobody can answer: in a script, or behind a pipe. */
  readonly isInteractive: boolean;
  /** The line that was typed; undefined when there will be no more. */
  ask(question: string): Promise<string | undefined>;
  /** No more questions. */
  close(): void;
}

/** The terminal of this process. Questions go to stderr, so that stdout can be a file. */
export function processTerminal(): Terminal {
  let open: { lines: Interface; typed: NodeJS.AsyncIterator<string> } | undefined;
  return {
    isInteractive: process.stdin.isTTY && process.stderr.isTTY,
    ask: async (question) => {
      if (open === undefined) {
        const lines = createInterface({ input: process.stdin, output: process.stderr });
        // What was typed ahead is kept for the next question.
        open = { lines, typed: lines[Symbol.asyncIterator]() };
      }
      open.lines.setPrompt(question);
      open.lines.prompt();
      const line: IteratorResult<string, undefined> = await open.typed.next();
      return line.value;
    },
    close: () => open?.lines.close(),
  };
}
