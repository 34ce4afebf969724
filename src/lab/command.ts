import { spawn } from "node:child_process";
import { EXIT, LabError } from "./lab-error.ts";
import type { Command } from "./provisioning.ts";

export interface Output {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit status. Throws LabError when the program is missing. */
export function capture(command: Command): Promise<Output> {
  const [program, ...parameters] = command.argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("error", (error) => {
      reject(new LabError(`cannot run ${program}: ${error.message}`, EXIT.usage, error));
    });
    child.once("close", (code) => {
      resolve({ status: code ?? 1, stdout, stderr });
    });
    // A program that ends without reading its input closes the pipe early; its exit status says why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(command.input ?? "");
  });
}

/** Runs a command that must succeed, and returns what it printed. Throws LabError with its complaint. */
export async function run(command: Command): Promise<string> {
  const { status, stdout, stderr } = await capture(command);
  if (status !== 0) {
    const complaint = stderr.trim() || `exit status ${status}`;
    throw new LabError(`${command.argv.join(" ")}: ${complaint}`, EXIT.usage);
  }
  return stdout;
}
