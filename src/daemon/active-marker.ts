/**
 * Remembers across restarts of the daemon that this router was active since the system started: the flows of that time are
 * still in its kernel, and belong to the peer by now.
 */
import { readFileSync, writeFileSync } from "node:fs";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

export class ActiveMarker {
  readonly #path: string;
  #isSet: boolean;

  constructor(path: string) {
    this.#path = path;
    const boot = textOf(BOOT_ID);
    this.#isSet = boot !== "" && textOf(path) === boot;
  }

  get isSet(): boolean {
    return this.#isSet;
  }

  /** Does nothing where the file cannot be written: then old flows merely live until they expire. */
  set(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    try {
      writeFileSync(this.#path, textOf(BOOT_ID), { mode: 0o600 });
    } catch {
      // See above.
    }
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
