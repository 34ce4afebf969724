/** From words to statements with nested blocks, with a precise word about every brace that is missing or too many. */
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import type { Word } from "./lexer.ts";

export interface Statement {
  readonly keyword: Word;
  readonly words: readonly Word[];
  readonly block?: Block;
}

export interface Block {
  readonly openedAt: Position;
  readonly statements: readonly Statement[];
}

/** What the tree must know of the language to say what is missing. */
export interface Shape {
  /** True when `keyword` inside a block of `parent` (undefined: outside all) always has a block. */
  expectsBlock(parent: string | undefined, keyword: string): boolean;
  /** True for a keyword that begins a block outside all others and has no meaning inside one. */
  belongsOutside(keyword: string): boolean;
}

interface MutableStatement {
  keyword: Word;
  words: Word[];
  block?: MutableBlock;
}

interface MutableBlock {
  openedAt: Position;
  statements: MutableStatement[];
}

interface OpenBlock {
  readonly owner: MutableStatement;
  readonly block: MutableBlock;
}

export class TreeBuilder {
  readonly #shape: Shape;
  readonly #findings: Findings;
  readonly #root: MutableStatement[] = [];
  readonly #open: OpenBlock[] = [];
  /** The last statement, while a brace may still give it a block. */
  #pending: MutableStatement | undefined;

  constructor(shape: Shape, findings: Findings) {
    this.#shape = shape;
    this.#findings = findings;
  }

  /** Takes the words of one line. */
  add(words: readonly Word[]): void {
    let current: MutableStatement | undefined;
    for (const word of words) {
      if (word.type === "word" && current !== undefined) {
        current.words.push(word);
      } else if (word.type === "word") {
        current = this.#begin(word);
      } else {
        if (word.type === "open") this.#openBlock(word.at);
        else this.#closeBlock(word.at);
        current = undefined;
      }
    }
  }

  /** Everything that was read. Blocks still open are reported and count as closed. */
  finish(): readonly Statement[] {
    if (this.#pending !== undefined) this.#openMissing(this.#pending);
    for (const { owner, block } of this.#open) this.#reportUnclosed(owner, block, "the file ends");
    this.#open.length = 0;
    return this.#root;
  }

  #begin(keyword: Word): MutableStatement {
    if (this.#pending !== undefined) this.#openMissing(this.#pending);
    const innermost = this.#open.at(-1);
    if (innermost !== undefined && this.#shape.belongsOutside(keyword.text)) {
      const { line } = keyword.at;
      this.#reportUnclosed(
        innermost.owner,
        innermost.block,
        `${keyword.text} begins in line ${line}`,
      );
      this.#open.length = 0;
    }
    const statement: MutableStatement = { keyword, words: [] };
    (this.#open.at(-1)?.block.statements ?? this.#root).push(statement);
    this.#pending = statement;
    return statement;
  }

  #openBlock(at: Position): void {
    const owner = this.#pending;
    this.#pending = undefined;
    if (owner !== undefined) {
      owner.block = { openedAt: at, statements: [] };
      this.#open.push({ owner, block: owner.block });
      return;
    }
    this.#findings.error(at, "brace-unexpected", "no keyword stands before this {: remove it");
    // What follows up to the matching brace belongs to nobody, and is read nowhere.
    const nobody: MutableStatement = {
      keyword: { type: "word", text: "{", quoted: false, at },
      words: [],
    };
    this.#open.push({ owner: nobody, block: { openedAt: at, statements: [] } });
  }

  #closeBlock(at: Position): void {
    if (this.#pending !== undefined) this.#openMissing(this.#pending);
    if (this.#open.pop() === undefined)
      this.#findings.error(at, "brace-unexpected", "this } closes nothing: remove it");
  }

  // Reads on as if the brace were there, so that one mistake gives one finding.
  #openMissing(statement: MutableStatement): void {
    this.#pending = undefined;
    const { keyword } = statement;
    if (!this.#shape.expectsBlock(this.#open.at(-1)?.owner.keyword.text, keyword.text)) return;
    this.#findings.error(
      keyword.at,
      "brace-missing",
      `${keyword.text} needs a block: add { after it and } at the end of the block`,
    );
    statement.block = { openedAt: keyword.at, statements: [] };
    this.#open.push({ owner: statement, block: statement.block });
  }

  #reportUnclosed({ keyword }: MutableStatement, { openedAt }: MutableBlock, until: string): void {
    this.#findings.error(
      openedAt,
      "brace-missing",
      `the block of ${keyword.text} that opens here is not closed before ${until}: add }`,
    );
  }
}
