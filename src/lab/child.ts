/** Child processes of the lab: they live in one of its namespaces and never outlive the lab. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { inNamespace } from "./provisioning.ts";

export interface ChildOptions {
  readonly namespace: string;
  readonly argv: readonly string[];
  readonly stdio: StdioOptions;
}

/**
 * Starts a program inside a namespace. The kernel kills it when this process ends, however it ends. setpriv and ip
 * replace themselves, so the child's process id is the program's.
 */
export function spawnInside({ namespace, argv, stdio }: ChildOptions): ChildProcess {
  const inside = inNamespace(namespace, argv);
  return spawn("setpriv", ["--pdeathsig", "KILL", "--", ...inside], {
    stdio,
    // A Ctrl-C at the terminal is for the lab, which then ends its children itself.
    detached: true,
  });
}

export function eachLine(stream: Readable, handle: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", handle);
}

/** Resolves once the process has ended, at once if it already has. */
export const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => {
        child.once("exit", () => {
          resolve();
        });
      });
