#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { makeProgram, report, runCommandLine } from "./program.ts";
import type { Session } from "./session.ts";

const argv = process.argv.slice(2);
const session: Session = {
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
  handOver: () => {
    process.off("uncaughtException", crash);
  },
};
process.on("uncaughtException", crash);
process.stdout.on("error", stopPrinting);
process.stderr.on("error", () => {});
await runCommandLine(makeProgram(session), argv, session);
// What was printed is out before the process ends, and what failed about that was told.
process.stdout.write("", () => setImmediate(() => process.exit()));

function crash(error: unknown): void {
  process.exit(report(error, session, argv.includes("--debug")));
}

function stopPrinting(error: NodeJS.ErrnoException): void {
  // EPIPE: the reader has seen enough, as in `duet events | head`.
  if (error.code === "EPIPE") process.exit();
  crash(error);
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
