/** Programs that the daemon runs: a list of words, or a line that needs no quoting. */
import { type Kind, list, mapped, shapes } from "./kinds.ts";
import { COMMAND_LINE, WORD } from "./scalars.ts";

const WORDS_MAX = 64;

/** The program and its arguments. */
export const COMMAND: Kind<readonly string[]> = shapes({
  scalar: COMMAND_LINE,
  list: mapped(list(WORD, "a list of its words", { max: WORDS_MAX }), (words) =>
    words.map(({ value }) => value),
  ),
});
