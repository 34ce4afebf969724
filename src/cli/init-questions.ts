/** Answers for `duet init`: from a flag, from the terminal, or from what the router shows. */
import { InitError } from "./init-error.ts";
import type { Terminal } from "./terminal.ts";

export type Checked<T> = { readonly value: T } | { readonly fault: string };

export interface Question<T> {
  /** The flag that answers it: "--peer". */
  readonly flag: string;
  readonly given: string | undefined;
  readonly text: string;
  /** What an empty line stands for. */
  readonly suggestion: string | undefined;
  /** The suggestion is what the router shows, so that nobody needs to be asked in a script. */
  readonly isKnown: boolean;
  readonly check: (text: string) => Checked<T>;
}

export class Questions {
  readonly #terminal: Terminal;
  readonly #note: (text: string) => void;
  /** Flags that a script would have needed. */
  readonly #missing: string[] = [];

  constructor(terminal: Terminal, note: (text: string) => void) {
    this.#terminal = terminal;
    this.#note = note;
  }

  /** The answer. Throws InitError when the flag's value is wrong, or nobody answers. */
  async ask<T>(question: Question<T>): Promise<T> {
    const { flag, given, suggestion, isKnown, check } = question;
    if (given !== undefined) return valueOf(`${flag} ${given}`, check(given));
    if (this.#terminal.isInteractive) return await this.#askThere(question);
    if (!isKnown || suggestion === undefined) this.#missing.push(flag);
    if (suggestion === undefined) throw this.#missingError();
    return valueOf(`${flag} ${suggestion}`, check(suggestion));
  }

  /** Throws InitError when there were questions that only people can answer, and nobody was there. */
  finish(): void {
    if (this.#missing.length > 0) throw this.#missingError();
  }

  #missingError(): InitError {
    const flags = this.#missing.join(", ");
    return new InitError(`nobody can be asked here (this is no terminal): give ${flags}`);
  }

  async #askThere<T>({ text, suggestion, check }: Question<T>): Promise<T> {
    const hint = suggestion === undefined ? "" : ` [${suggestion}]`;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one answer after the other
      const line = await this.#terminal.ask(`${text}${hint}: `);
      if (line === undefined) throw new InitError("not finished: nothing was written");
      const checked = check(line.trim() === "" ? (suggestion ?? "") : line.trim());
      if ("value" in checked) return checked.value;
      this.#note(`  ${checked.fault}\n`);
    }
  }
}

function valueOf<T>(what: string, checked: Checked<T>): T {
  if ("value" in checked) return checked.value;
  throw new InitError(`${what}: ${checked.fault}`);
}
