import type { Problem, ProblemCode } from "./contract.ts";

export const PROBLEM_TYPE = "application/problem+json";

/** Status and title of every problem; the reference in docs/reference/api.md is made from this table. */
export const PROBLEMS: Readonly<
  Record<ProblemCode, { readonly status: number; readonly title: string }>
> = {
  "bad-request": { status: 400, title: "The request cannot be understood" },
  "body-too-large": { status: 413, title: "The body of the request is too large" },
  "commit-running": { status: 409, title: "Flows are being committed" },
  internal: { status: 500, title: "The daemon failed to answer" },
  "method-not-allowed": { status: 405, title: "The path does not take this method" },
  "not-active": { status: 409, title: "The unit is not Active" },
  "no-replication": { status: 404, title: "The daemon does not replicate flows" },
  "not-found": { status: 404, title: "There is no such path" },
  "not-ready": { status: 503, title: "The replication is not ready for it" },
  "not-supported": { status: 409, title: "The mode of replication does not do this" },
  "timed-out": { status: 504, title: "The daemon did not answer in time" },
  "too-many-streams": { status: 503, title: "Too many readers of the event stream" },
  "unknown-unit": { status: 404, title: "There is no such sync group or instance" },
};

/** A request that is answered with a problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: ProblemCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.code = code;
    this.headers = headers;
  }

  response(): Response {
    const { status, title } = PROBLEMS[this.code];
    const problem: Problem = { status, title, code: this.code, detail: this.message };
    const headers = { ...this.headers, "content-type": PROBLEM_TYPE };
    return new Response(JSON.stringify(problem), { status, headers });
  }
}
