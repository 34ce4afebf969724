/** The source of flows of a site: one process for all of them, see flow-source.mjs. */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestNamespace } from "../test/support/netns.ts";

const PROGRAM = fileURLToPath(new URL("flow-source.mjs", import.meta.url));

/** One by one, evenly spread, or what is due in a millisecond at once, which costs the source much less. */
export type Manner = "single" | "bursts";

/** Flows that are to begin. */
export interface FlowOrder {
  /** Flows a second. */
  readonly rate: number;
  readonly count: number;
  /** Number of the first one, 0 unless given; flows of other numbers have other addresses and ports. */
  readonly first?: number;
  readonly manner?: Manner;
}

export interface SourcePlace {
  readonly router: TestNamespace;
  /** Interface of the router by which flows come in. */
  readonly lan: string;
  /** One by which nothing may come in. */
  readonly wan: string;
  /** Where the cable of `lan` ends, as `port`. */
  readonly clients: TestNamespace;
  readonly port: string;
}

export class FlowSource {
  readonly #child: ChildProcess;
  #complaint = "";
  #hear: (line: string) => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor({ router, lan, wan, clients, port }: SourcePlace) {
    const index = String(clients.indexOf(port));
    this.#child = router.spawn(process.execPath, PROGRAM, lan, wan, clients.path, index);
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#complaint += chunk.toString()));
    this.#child.once("exit", () => this.#fail(new Error(`no source of flows: ${this.#complaint}`)));
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on("line", (line) => this.#hear(line));
  }

  /** Resolves to the milliseconds that it took. */
  send({ rate, count, first = 0, manner = "bursts" }: FlowOrder): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#hear = (line) => resolve(Number(line));
      this.#fail = reject;
      if (this.#child.exitCode !== null) reject(new Error(`no source: ${this.#complaint}`));
      this.#child.stdin?.write(`${rate} ${count} ${first} ${manner}\n`);
    });
  }

  close(): void {
    this.#child.removeAllListeners("exit");
    this.#child.kill("SIGKILL");
  }
}
