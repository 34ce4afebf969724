/**
 * Which flows ended while a dump runs. The kernel writes down the next portion of a dump when the last one is read; a flow
 * that ends between the writing and the reading would otherwise come back to life, and stay for good.
 */
import { RecordKey } from "../wire/flow-key.ts";
import type { Span } from "../wire/flow-record.ts";
import type { RecordKind } from "./flow-table.ts";
import type { KernelNews } from "./internal-cache.ts";

export class EndedFlows {
  readonly #key: RecordKey;
  /** Hashes of keys. That two keys may have one hash costs at worst an entry that the next event brings. */
  readonly #ended = new Set<number>();
  #isWatching = false;

  constructor(kind: RecordKind) {
    this.#key = new RecordKey(kind);
  }

  begin(): void {
    this.#ended.clear();
    this.#isWatching = true;
  }

  end(): void {
    this.#ended.clear();
    this.#isWatching = false;
  }

  /** Whether `news` of this flow, which come in the order of their reading, are those of a flow that is no more. */
  isGhost(news: KernelNews, record: Span): boolean {
    if (!this.#isWatching) return false;
    if (news === "destroy") this.#ended.add(this.#key.load(record));
    else if (this.#ended.size > 0) {
      if (news === "dump") return this.#ended.has(this.#key.load(record));
      this.#ended.delete(this.#key.load(record));
    }
    return false;
  }
}
