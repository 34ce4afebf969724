/** What a verb may do to the terminal and the process it runs in. Tests give their own. */
export interface Session {
  readonly version: string;
  /** True where stdout shows colours. */
  readonly colour: boolean;
  /** Writes to stdout; `text` brings its own line breaks. */
  out(text: string): void;
  /** Writes to stderr. */
  note(text: string): void;
  /** Keeps what the process will end with. */
  finish(exitCode: number): void;
  /** From here on the daemon deals with what nobody caught. */
  handOver(): void;
}
