/**
 * Where a running drill is shown. On a terminal the last line is alive and the lines above it scroll; elsewhere only the
 * lines are written, each when it is known.
 */
export type Tone = "bad" | "good" | "state" | "act" | "dim" | "bold";

/** SGR parameters of ECMA-48. */
const TONES: Readonly<Record<Tone, number>> = {
  bad: 31,
  good: 32,
  state: 36,
  act: 33,
  dim: 2,
  bold: 1,
};
const CLEAR_LINE = "\r\u001b[K";

export interface ScreenOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly colour: boolean;
}

export class Screen {
  readonly #options: ScreenOptions;
  #live = "";

  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  /** `text` in colour where there is colour. */
  paint(tone: Tone, text: string): string {
    return this.#options.colour ? `\u001b[${TONES[tone]}m${text}\u001b[0m` : text;
  }

  line(text = ""): void {
    const { write, isTerminal } = this.#options;
    write(isTerminal && this.#live !== "" ? `${CLEAR_LINE}${text}\n${this.#live}` : `${text}\n`);
  }

  /** Replaces the living line; an empty one takes it away. Does nothing where there is no terminal. */
  live(text: string): void {
    const { write, isTerminal, columns } = this.#options;
    if (!isTerminal) return;
    const fitting = text.slice(0, Math.max(0, columns - 1));
    if (fitting === this.#live) return;
    this.#live = fitting;
    write(`${CLEAR_LINE}${fitting}`);
  }
}
