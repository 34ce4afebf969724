/** A shell on a router of the lab, with an /etc, /var and /run of its own, as on a router that is a machine of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DUET_PROGRAM } from "../../src/lab/router-daemon.ts";
import { eventually } from "./daemon.ts";

const OWN_FOLDERS = ["etc", "var/lib", "var/log", "run"] as const;

export interface Ran {
  readonly code: number;
  /** Of stdout and stderr, without the last line break. */
  readonly output: string;
}

export class RouterShell {
  /** Holds the router's files: etc/duet/duet.yaml and so on. */
  readonly folder: string;
  readonly #child: ChildProcess;
  #text = "";
  #count = 0;

  /** `namespace` is a network namespace by its name, `folder` an empty one for the router's files. */
  constructor(namespace: string, folder: string) {
    this.folder = folder;
    for (const own of OWN_FOLDERS) mkdirSync(path.join(folder, own), { recursive: true });
    cpSync("/etc", path.join(folder, "etc"), { recursive: true, verbatimSymlinks: true });
    const bin = path.join(folder, "bin");
    mkdirSync(bin);
    const program = path.join(bin, "duet");
    writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${DUET_PROGRAM} "$@"\n`);
    chmodSync(program, 0o755);
    // What the shell mounts is seen by nobody else and gone with it.
    const mounts = OWN_FOLDERS.map((own) => `mount --bind ${folder}/${own} /${own}`);
    const script = [...mounts, "mkdir -p /etc/duet", "exec sh"].join(" && ");
    const words = ["netns", "exec", namespace, "unshare", "--mount", "sh", "-c", script];
    const env = { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    // A process group of its own, so that what it left in the background can be ended with it.
    this.#child = spawn("ip", words, { stdio: "pipe", env, detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.#text += chunk.toString();
      });
  }

  /** Runs one line and waits for its end; what it puts into the background goes on. */
  async run(line: string): Promise<Ran> {
    this.#count += 1;
    const from = this.#text.length;
    const end = new RegExp(`\\n---${this.#count} (\\d+)\\n`);
    this.#child.stdin?.write(`${line}\nprintf '\\n---${this.#count} %s\\n' $?\n`);
    return eventually(`the end of ${line}`, () => {
      const seen = this.#text.slice(from);
      const found = end.exec(seen);
      return (
        found !== null && {
          code: Number(found[1]),
          output: seen.slice(0, found.index).replace(/\n$/, ""),
        }
      );
    });
  }

  close(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null) return;
    process.kill(-pid, "SIGKILL");
  }
}
