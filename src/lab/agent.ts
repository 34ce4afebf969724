/** The lab's side of an agent: starts it inside a namespace and hands on what it says. */
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { AgentMessage, Ready } from "./agents/messages.ts";
import { eachLine, ended, spawnInside } from "./child.ts";
import { EXIT, LabError } from "./lab-error.ts";

/** Compiled agents, from src/lab in a checkout as well as from dist/lab. */
const AGENTS_FOLDER = new URL("../../dist/lab/agents/", import.meta.url);
const READY_MS = 5_000;

export interface AgentOptions {
  readonly name: "probe" | "upstream" | "downloads";
  readonly namespace: string;
  readonly parameters: readonly string[];
  readonly hear: (message: AgentMessage) => void;
}

export class Agent {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves with the agent once it is ready. Throws LabError when it ends before that or takes too long. */
  static start({ name, namespace, parameters, hear }: AgentOptions): Promise<[Agent, Ready]> {
    const program = fileURLToPath(new URL(`${name}.js`, AGENTS_FOLDER));
    const child = spawnInside({
      namespace,
      argv: [process.execPath, program, ...parameters],
      stdio: ["ignore", "pipe", "pipe"],
    });
    const agent = new Agent(child);
    let complaint = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-2_000);
    });
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        const details = [why, complaint.trim()].filter((part) => part !== "").join(": ");
        reject(new LabError(`the ${name} agent ${details}`, EXIT.usage));
      };
      const impatience = setTimeout(() => {
        fail("does not get ready");
        agent.#kill();
      }, READY_MS);
      child.once("error", (error) => {
        fail(`cannot be started: ${error.message}`);
      });
      child.once("exit", () => {
        clearTimeout(impatience);
        fail("has ended");
      });
      if (child.stdout === null) return;
      eachLine(child.stdout, (line) => {
        const message = JSON.parse(line) as AgentMessage;
        if (message.type !== "ready") {
          hear(message);
          return;
        }
        clearTimeout(impatience);
        resolve([agent, message]);
      });
    });
  }

  async close(): Promise<void> {
    this.#kill();
    await ended(this.#child);
  }

  #kill(): void {
    this.#child.kill("SIGKILL");
  }
}
