/** The daemon cannot start, for a reason that an operator can act on. `exitCode` as in the reference of the command line. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: 2 | 4;

  constructor(message: string, options: { readonly exitCode: 2 | 4; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode;
  }
}
