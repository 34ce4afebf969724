/** Messages of the kernel, Linux 6.18 on a little-endian host, and the flows that they tell of. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Span } from "../../src/wire/flow-record.ts";
import { view } from "./bytes.ts";

interface KernelMessage {
  /** As conntrackd -i prints it. */
  readonly line: string;
  /** The attributes. */
  readonly hex: string;
}

const FILE = path.join(import.meta.dirname, "../vectors/ctnetlink/messages.json");
const messages = JSON.parse(readFileSync(FILE, "utf8")) as Readonly<Record<string, KernelMessage>>;

export const EXPECTATION = "expectation";

/** Names of all that tell of a flow. */
export const flowMessageNames: readonly string[] = Object.keys(messages).filter(
  (name) => name !== EXPECTATION,
);

export const lineOf = (name: string): string => messages[name]!.line;

/** The attributes, in memory of their own. */
export const kernelMessage = (name: string): Span => new Span(view(messages[name]!.hex));
