import { writeSync } from "node:fs";
import type { AgentMessage } from "./messages.ts";

/** Tells the lab. Synchronous, because some agents never return to their event loop. */
export function say(message: AgentMessage): void {
  writeSync(1, `${JSON.stringify(message)}\n`);
}
