#!/usr/bin/env node
/** `conntrackd` by Duet: the short options of conntrackd(8) on the same configuration. */
import { runConntrackd } from "./conntrackd-program.ts";
import { runProcess } from "./process-session.ts";

await runProcess((session, argv) => runConntrackd(argv, session));
