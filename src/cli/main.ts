#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { makeProgram, report, runCommandLine } from "./program.ts";
import type { Session } from "./session.ts";

const session = processSession();
const program = makeProgram(session);
const verb = process.argv.slice(2).find((word) => !word.startsWith("-"));
if (!program.commands.some((command) => command.name() === verb)) {
  // The laboratory brings code that no router needs, so it is only loaded when it is called or help is.
  const { addLab } = await import("./lab.ts");
  addLab(program);
}
await runCommandLine(program, process.argv.slice(2), session);
// What a closed pipe has not taken yet is written before the process ends.
process.stdout.write("", () => process.exit());

/** The session of this process: its streams, its exit status. */
function processSession(): Session {
  const onCrash = (error: unknown): void => {
    process.exit(report(error, session, process.argv.includes("--debug")));
  };
  process.on("uncaughtException", onCrash);
  // The reader has seen enough, as in `duet events | head`.
  process.stdout.on("error", () => process.exit());
  process.stderr.on("error", () => {});
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
    handOver: () => {
      process.off("uncaughtException", onCrash);
    },
  };
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
