import { EXIT } from "./exit-code.ts";

/** No pair's file can be made, for a reason that whoever asked for it can act on. */
export class InitError extends Error {
  override readonly name = "InitError";
  readonly exitCode: 2 | 4;

  constructor(message: string, exitCode: 2 | 4 = EXIT.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}
