/** The directory that one daemon keeps its memory in: a lock against a second one, and the journal of what it installs. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import * as v from "valibot";
import { FileLock } from "../kernel/file-lock.ts";
import { EMPTY_JOURNAL, type Journal } from "./journal.ts";
import { StartError } from "./start-error.ts";

const LOCK = "lock";
const JOURNAL = "installed.json";

const objects = v.array(v.looseObject({}));
const journalSchema = v.object({
  version: v.literal(1),
  addresses: objects,
  routes: objects,
  rules: objects,
  links: v.array(v.string()),
  tables: v.array(v.string()),
  parameters: v.array(v.object({ path: v.string(), before: v.string(), ours: v.string() })),
});

export class StateDirectory {
  readonly path: string;
  readonly #lock: FileLock;

  private constructor(directory: string, lock: FileLock) {
    this.path = directory;
    this.#lock = lock;
  }

  /** Throws StartError when the directory cannot be used or another daemon uses it. */
  static open(directory: string): StateDirectory {
    let lock: FileLock | undefined;
    try {
      makeFolder(path.resolve(directory));
      lock = FileLock.acquire(path.join(directory, LOCK));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartError(
        `state directory ${directory} cannot be used: ${reason}; choose another one with --state-dir`,
        { exitCode: isPermission(cause) ? 4 : 2, cause },
      );
    }
    if (lock === undefined)
      throw new StartError(
        `state directory ${directory} is in use by another duet; stop that one or choose another with --state-dir`,
        { exitCode: 2 },
      );
    return new StateDirectory(directory, lock);
  }

  /** What the last daemon may have left in the kernel; a damaged journal counts as empty, and `problem` says so. */
  readJournal(): { readonly journal: Journal; readonly problem?: string } {
    const file = path.join(this.path, JOURNAL);
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      // The first start with this directory.
      return { journal: EMPTY_JOURNAL };
    }
    try {
      return { journal: v.parse(journalSchema, JSON.parse(text)) as unknown as Journal };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      return { journal: EMPTY_JOURNAL, problem: `${file} is damaged and is ignored: ${reason}` };
    }
  }

  /** Replaces the journal as a whole and waits until it is on the disk. */
  writeJournal(journal: Journal): void {
    const file = path.join(this.path, JOURNAL);
    const fresh = `${file}.new`;
    const fd = openSync(fresh, "w", 0o600);
    try {
      writeSync(fd, `${JSON.stringify(journal, undefined, 1)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(fresh, file);
  }

  release(): void {
    this.#lock.release();
  }
}

/** Step by step: Node's own recursive way never ends where the kernel answers ENOENT below an existing folder, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

const isPermission = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "EACCES" || cause.code === "EPERM");
