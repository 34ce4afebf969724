/**
 * How a block is read: one table per kind of block says which keywords it has, what they take and what they do. The
 * reference page is made from the same tables. A statement ends where its keyword has what it takes, not with its line;
 * lines only help to go on after a mistake, so that one mistake gives one finding.
 */
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import type { Environment } from "../source.ts";
import { didYouMean } from "../suggest.ts";
import { Lexer, type Token } from "./lexer.ts";
import type { ProtocolNames } from "./protocols.ts";

/** "implied": Duet does this anyway, or has no need of it. "unsupported": accepted, and not acted on. */
type Support = "supported" | "implied" | "unsupported";

export interface Keyword<Draft> {
  readonly name: string;
  /** What it takes, as the reference prints it; `{ … }` is a block. */
  readonly form: string;
  readonly doc: string;
  /** What counts when the keyword is absent, for the reference. */
  readonly initial: string;
  readonly support: Support;
  /** True where each one counts, and not only the last one. */
  readonly repeats: boolean;
  /** True where it is accepted, with a warning, but nobody should be sent. */
  readonly deprecated: boolean;
  /** Takes all that the keyword takes from the parser, also where it is wrong. */
  readonly read: (parser: Parser, keyword: Token, draft: Draft) => void;
}

export type Table<Draft> = readonly Keyword<Draft>[];

interface About {
  readonly doc: string;
  readonly initial?: string;
  readonly support?: Support;
  readonly repeats?: true;
  readonly deprecated?: true;
}

export const keyword = <Draft>(
  name: string,
  form: string,
  { doc, initial = "", support = "supported", repeats, deprecated }: About,
  read: Keyword<Draft>["read"],
): Keyword<Draft> => ({
  name,
  form,
  doc,
  initial,
  support,
  repeats: repeats === true || form.includes("{"),
  deprecated: deprecated === true,
  read,
});

/** What stands in the block that is being read: its keywords, or for a list the words it may have. */
interface Scope {
  /** Names the block in findings: "Mode FTFW". */
  readonly owner: string;
  readonly table: readonly Pick<Keyword<never>, "name" | "form">[];
}

const isBlock = ({ form }: Pick<Keyword<never>, "form">): boolean => form.includes("{");

/** What the parser is given beside the text. */
export interface ParserContext {
  readonly findings: Findings;
  readonly environment: Environment;
  readonly protocols: ProtocolNames;
  /** The blocks that have `name` as a keyword, for those that stand in the wrong one. */
  readonly homesOf: (name: string) => readonly string[];
  /** What to write instead of a keyword of old versions. */
  readonly successorOf: (name: string) => string | undefined;
}

export class Parser {
  readonly findings: Findings;
  readonly environment: Environment;
  readonly protocols: ProtocolNames;
  readonly #context: ParserContext;
  readonly #tokens: Lexer;
  /** Blocks that are open, the innermost one last. */
  readonly #scopes: Scope[] = [];

  constructor(file: string, text: string, context: ParserContext) {
    this.#tokens = new Lexer(file, text);
    this.#context = context;
    this.findings = context.findings;
    this.environment = context.environment;
    this.protocols = context.protocols;
  }

  /** Reads what stands outside all blocks, to the end of the file. */
  readFile<Draft>(table: Table<Draft>, draft: Draft): void {
    this.#scopes.push({ owner: "", table });
    while (this.peek().type !== "end") {
      this.#readStatements(table, draft);
      const { type, at } = this.peek();
      if (type !== "close") continue;
      this.findings.error(at, "brace-unexpected", "this } closes nothing: remove it");
      this.next();
    }
    this.#scopes.pop();
  }

  /** Reads the block of `word` into `draft`. `owner` names it in findings. */
  readBlock<Draft>(word: Token, owner: string, table: Table<Draft>, draft: Draft): void {
    this.#enter({ word, owner, table }, () => this.#readStatements(table, draft));
  }

  /** Reads a block of words: shows each one to `take`, which may take more of them. */
  readList(word: Token, owner: string, take: (token: Token) => void): void {
    this.#enter({ word, owner, table: [] }, () => {
      for (let token = this.peek(); !this.#endsBlock(token); token = this.peek()) {
        if (token.type === "open") this.#skipStrayBlock();
        else take(this.next());
      }
    });
  }

  /** Passes over a block, if one begins here. */
  skipBlock(): void {
    if (this.peek().type !== "open") return;
    const { at } = this.next();
    let depth = 1;
    while (depth > 0 && this.peek().type !== "end") {
      const { type } = this.next();
      if (type === "open") depth += 1;
      if (type === "close") depth -= 1;
    }
    if (depth > 0) this.#reportUnclosed("the block", at, "the file ends");
  }

  /**
   * The next token as a value of `word`, or undefined with a finding when there is none: a brace stands there, or a
   * keyword on a line of its own. `form` is how the value should be written.
   */
  argument(word: Token, form: string): Token | undefined {
    const token = this.peek();
    const isMissing =
      token.type === "open" ||
      token.type === "close" ||
      token.type === "end" ||
      (token.at.line !== word.at.line && this.#isKeyword(token));
    if (!isMissing) return this.next();
    const { text, at } = word;
    this.findings.error(at, "value-missing", `${text} lacks its value: write ${text} ${form}`);
    return undefined;
  }

  peek(): Token {
    return this.#tokens.peek();
  }

  next(): Token {
    return this.#tokens.next();
  }

  /** Takes the next word if it is `text`. */
  skip(text: string): boolean {
    const token = this.peek();
    if (token.type !== "word" || token.text !== text) return false;
    this.next();
    return true;
  }

  #enter(
    { word, owner, table }: { word: Token; owner: string; table: Scope["table"] },
    read: () => void,
  ): void {
    const token = this.peek();
    if (token.type === "open") this.next();
    else {
      const message = `${owner} needs a block: add { after it and } at the end of the block`;
      this.findings.error(word.at, "brace-missing", message);
      // Where the block would begin with one of its keywords, only the brace was forgotten.
      if (!table.some(({ name }) => name === token.text)) return;
    }
    this.#scopes.push({ owner, table });
    read();
    this.#scopes.pop();
    this.#leave(owner, token.type === "open" ? token.at : word.at);
  }

  #leave(owner: string, openedAt: Position): void {
    const { type, text, at } = this.peek();
    if (type === "close") {
      this.next();
      return;
    }
    const until = type === "end" ? "the file ends" : `${text} in line ${at.line}`;
    this.#reportUnclosed(`the block of ${owner}`, openedAt, until);
  }

  #reportUnclosed(what: string, openedAt: Position, until: string): void {
    const message = `${what} that opens here is not closed before ${until}: add }`;
    this.findings.error(openedAt, "brace-missing", message);
  }

  /** True for `}` and the end, and for the beginning of a block that belongs further out: here a } is missing. */
  #endsBlock(token: Token): boolean {
    if (token.type === "close" || token.type === "end") return true;
    if (token.type !== "word" || this.#find(this.#scopes.at(-1), token.text)) return false;
    return this.#scopes
      .slice(0, -1)
      .some((scope) => scope.table.some((entry) => entry.name === token.text && isBlock(entry)));
  }

  #find(scope: Scope | undefined, text: string): boolean {
    return scope?.table.some(({ name }) => name === text) ?? false;
  }

  #isKeyword(token: Token): boolean {
    return token.type === "word" && this.#scopes.some((scope) => this.#find(scope, token.text));
  }

  #readStatements<Draft>(table: Table<Draft>, draft: Draft): void {
    const seen = new Map<string, Position>();
    let before: Token | undefined;
    for (let token = this.peek(); !this.#endsBlock(token); token = this.peek()) {
      const found = token.type === "word" && table.find(({ name }) => name === token.text);
      if (token.type === "open") this.#skipStrayBlock();
      else if (found === undefined || found === false) this.#reportUnknown(this.next(), before);
      else {
        before = this.next();
        this.#reportRepeated(found, before, seen);
        found.read(this, before, draft);
      }
    }
  }

  #skipStrayBlock(): void {
    const message = "no keyword that has a block stands before this {: remove it and its }";
    this.findings.error(this.peek().at, "brace-unexpected", message);
    this.skipBlock();
  }

  #reportRepeated<Draft>(found: Keyword<Draft>, token: Token, seen: Map<string, Position>): void {
    const earlier = seen.get(token.text);
    seen.set(token.text, token.at);
    if (earlier === undefined || found.repeats) return;
    const message = `${token.text} stands in line ${earlier.line} already; the last one counts`;
    this.findings.warn(token.at, "keyword-repeated", message);
  }

  /** One finding for the word, what follows on its line, and its block. */
  #reportUnknown(token: Token, before: Token | undefined): void {
    this.#skipStatement(token);
    if (this.findings.isFull) return;
    const { text, at } = token;
    if (token.type === "stray") {
      this.findings.error(at, "word-unexpected", `statements do not end with ${text}: remove it`);
    } else if (text.startsWith("//")) {
      this.findings.error(at, "word-unexpected", "a comment begins with #, not with //");
    } else if (token.type !== "word" || before?.at.line === at.line) {
      const where = before === undefined ? "here" : `after ${before.text} and its value`;
      const message = `${quote(token)} stands where a keyword is expected: nothing more may stand ${where}`;
      this.findings.error(at, "word-unexpected", message);
    } else this.#reportKeyword(text, at);
  }

  #reportKeyword(text: string, at: Position): void {
    const { owner = "", table = [] } = this.#scopes.at(-1) ?? {};
    const place = owner === "" ? "outside all blocks" : `in ${owner}`;
    const successor = this.#context.successorOf(text);
    const homes = this.#context.homesOf(text);
    if (successor !== undefined) {
      const message = `${text} is no keyword any more: ${successor}`;
      this.findings.error(at, "keyword-unknown", message);
    } else if (homes.length > 0) {
      const message = `${text} has no meaning ${place}: it belongs to ${homes.join(", ")}`;
      this.findings.error(at, "keyword-misplaced", message);
    } else {
      const names = table.map(({ name }) => name);
      const sameLetters = names.find((name) => name.toLowerCase() === text.toLowerCase());
      const hint =
        sameLetters === undefined
          ? didYouMean(text, names)
          : `, capitals count: write ${sameLetters}`;
      this.findings.error(at, "keyword-unknown", `${text} is not a keyword ${place}${hint}`);
    }
  }

  #skipStatement({ at: { line } }: Token): void {
    for (let token = this.peek(); token.at.line === line; token = this.peek()) {
      if (token.type === "open" || this.#endsBlock(token) || this.#isKeyword(token)) break;
      this.next();
    }
    this.skipBlock();
  }
}

/** A word as findings show it. */
export function quote({ type, text }: Token): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return type === "quoted" || type === "word" || type === "path" ? `"${shown}"` : shown;
}
