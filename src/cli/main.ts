#!/usr/bin/env node
import { runProcess } from "./process-session.ts";
import { makeProgram, runCommandLine } from "./program.ts";

await runProcess((session, argv) => runCommandLine(makeProgram(session), argv, session));
