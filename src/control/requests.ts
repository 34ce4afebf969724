/** What every route does with what it was sent, and with the time that its answer takes. */
import * as v from "valibot";
import { ProblemError } from "./problems.ts";

export const BODY_SIZE_MAX: number = 16 * 1024;

/** The checked form of what was sent; throws the problem "bad-request" that names the first fault. */
export function checked<Output>(schema: v.GenericSchema<unknown, Output>, value: unknown): Output {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  const prefix = where === null ? "" : `${where}: `;
  throw new ProblemError("bad-request", `${prefix}${issue.message}`);
}

/** The body as text, as long as it has no more than BODY_SIZE_MAX bytes. */
async function readBody({ body }: Request): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > BODY_SIZE_MAX)
      throw new ProblemError("body-too-large", `at most ${BODY_SIZE_MAX} bytes are taken`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The body of a request as JSON; none stands for {}. Throws a problem when it is too large or no JSON. */
export async function readJson(request: Request): Promise<unknown> {
  const text = await readBody(request);
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProblemError("bad-request", `the body is not JSON: ${reason}`);
  }
}

/** Whoever asks gets an answer even when the thread that has it does not say anything. */
export async function within<T>(value: T | Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ProblemError("timed-out", `no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([value, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
