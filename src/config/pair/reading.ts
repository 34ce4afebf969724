/** What every kind of value needs to be read: where things stand, and where findings go. */
import { isAlias, type Node } from "yaml";
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import type { PairFindingCode } from "./codes.ts";
import type { YamlText } from "./yaml-text.ts";

/** A value, and where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly at: Position;
}

export type Many<T> = readonly Placed<T>[];

/** A node of the file, aliases replaced by what they stand for. */
export interface Spot {
  readonly node: Node | null;
  /** Where the value is written; of an alias the alias. */
  readonly at: Position;
  /** The keys that lead here, by which messages call it: "vrrp.interval". */
  readonly path: string;
}

export class Reading {
  readonly findings: Findings;
  readonly #yaml: YamlText;
  /** Where each key stands, by path. */
  readonly #positions = new Map<string, Position>();

  constructor(yaml: YamlText, findings: Findings) {
    this.#yaml = yaml;
    this.findings = findings;
  }

  get positions(): ReadonlyMap<string, Position> {
    return this.#positions;
  }

  root(): Spot {
    return this.spot(this.#yaml.root, "", this.#yaml.position(0));
  }

  /** `fallback` is where something stands that has no node. */
  spot(node: Node | null, path: string, fallback: Position): Spot {
    const offset = node?.range?.[0];
    const at = offset === undefined ? fallback : this.#yaml.position(offset);
    if (node === null || !isAlias(node)) return { node, at, path };
    return { node: this.#yaml.targets.get(node) ?? null, at, path };
  }

  remember(path: string, at: Position): void {
    if (!this.#positions.has(path)) this.#positions.set(path, at);
  }

  /** Reports and gives nothing, so that a reader can return it. */
  error(at: Position, code: PairFindingCode, message: string): undefined {
    this.findings.error(at, code, message);
  }
}
