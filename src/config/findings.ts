import type { FindingCode } from "./codes.ts";
import type { Diagnostic, Position } from "./diagnostics.ts";

/** More than anybody reads; the rest is counted, not kept. */
const FINDINGS_MAX = 500;

/** Collects what a reader has to say, so that everything wrong with a file is told at once. */
export class Findings {
  readonly #found: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  #errors = 0;
  /** Warnings among those that are kept. */
  #warnings = 0;

  error(at: Position, code: FindingCode, message: string): void {
    this.#add({ at, severity: "error", code, message });
  }

  warn(at: Position, code: FindingCode, message: string): void {
    this.#add({ at, severity: "warning", code, message });
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** True when more would not be kept, so that nobody needs to think about good advice. */
  get isFull(): boolean {
    return this.#found.length >= FINDINGS_MAX;
  }

  /** In the order of `files`, then by line and column. Errors are never displaced by warnings. */
  sorted(files: readonly string[]): readonly Diagnostic[] {
    const rank = new Map(files.map((file, index) => [file, index]));
    const order = ({ file }: Position): number => rank.get(file) ?? files.length;
    return this.#found.toSorted(
      (a, b) => order(a.at) - order(b.at) || a.at.line - b.at.line || a.at.column - b.at.column,
    );
  }

  #add(finding: Diagnostic): void {
    if (finding.severity === "error") this.#errors += 1;
    if (this.isFull && (finding.severity === "warning" || this.#warnings === 0)) return;
    const key = JSON.stringify(finding);
    if (this.#seen.has(key)) return;
    if (this.isFull) this.#dropWarning();
    if (finding.severity === "warning") this.#warnings += 1;
    this.#seen.add(key);
    this.#found.push(finding);
  }

  #dropWarning(): void {
    const index = this.#found.findLastIndex(({ severity }) => severity === "warning");
    this.#found.splice(index, 1);
    this.#warnings -= 1;
  }
}
