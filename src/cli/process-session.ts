/** A command line program as a process: its streams, its exit status, and what nobody caught. */
import { readFileSync } from "node:fs";
import { report } from "./report.ts";
import type { Session } from "./session.ts";

/** Runs the program and ends the process when what it printed is out. */
export async function runProcess(
  program: (session: Session, argv: readonly string[]) => Promise<void>,
): Promise<void> {
  const argv = process.argv.slice(2);
  const session = processSession();
  const crash = (error: unknown): void => {
    process.exit(report(error, session, argv.includes("--debug")));
  };
  process.on("uncaughtException", crash);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // EPIPE: the reader has seen enough, as in `duet events | head`.
    if (error.code === "EPIPE") process.exit();
    crash(error);
  });
  process.stderr.on("error", () => {});
  const handOver = (): void => void process.off("uncaughtException", crash);
  await program({ ...session, handOver }, argv);
  // What was printed is out before the process ends, and what failed about that was told.
  process.stdout.write("", () => setImmediate(() => process.exit()));
}

function processSession(): Session {
  return {
    version: readVersion(),
    colour: process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "",
    out: (text) => {
      process.stdout.write(text);
    },
    note: (text) => {
      process.stderr.write(text);
    },
    finish: (exitCode) => {
      process.exitCode = exitCode;
    },
    handOver: () => {},
  };
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
