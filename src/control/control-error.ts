import type { Problem } from "./contract.ts";

/**
 * unreachable: nobody listens there. no-permission: the socket may not be opened. problem: the daemon refused, see
 * `problem`. protocol: what answered is no daemon of this kind, or it stopped in the middle.
 */
export type ControlErrorCode = "unreachable" | "no-permission" | "problem" | "protocol";

/** A request on the control socket failed. The message says what to do. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: ControlErrorCode;
  readonly problem: Problem | undefined;
  constructor(code: ControlErrorCode, message: string, problem?: Problem) {
    super(message);
    this.code = code;
    this.problem = problem;
  }
}
