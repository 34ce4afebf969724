/** Walks the words of a route or rule, whose options stand in any order. */
import type { Word } from "./lexer.ts";
import type { Reading } from "./reading.ts";

export class Cursor {
  readonly #reading: Reading;
  readonly #words: readonly Word[];
  #at = 0;
  #failed = false;

  constructor(reading: Reading, words: readonly Word[]) {
    this.#reading = reading;
    this.#words = words;
  }

  get reading(): Reading {
    return this.#reading;
  }

  /** True once something was wrong that makes the whole line unusable. */
  get failed(): boolean {
    return this.#failed;
  }

  next(): Word | undefined {
    const word = this.#words[this.#at];
    if (word !== undefined) this.#at += 1;
    return word;
  }

  peek(): Word | undefined {
    return this.#words[this.#at];
  }

  /** Takes the next word if it is `text`. */
  skip(text: string): boolean {
    if (this.peek()?.text !== text) return false;
    this.#at += 1;
    return true;
  }

  fail(): void {
    this.#failed = true;
  }

  /** The value of the option `keyword`, made by `read`; a missing or unreadable one fails the line. */
  value<T>(keyword: Word, read: (reading: Reading, value: Word) => T | undefined): T | undefined {
    const word = this.next();
    if (word === undefined) {
      const message = `${keyword.text} lacks its value`;
      this.#reading.findings.error(keyword.at, "value-missing", message);
      this.#failed = true;
      return undefined;
    }
    const value = read(this.#reading, word);
    if (value === undefined) this.#failed = true;
    return value;
  }
}
