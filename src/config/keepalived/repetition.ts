/** `~SEQ` and `~LST`, which repeat the rest of their line with other values of their variables. */

/** The most repetitions one `~SEQ` may ask for. */
const REPETITIONS_MAX = 100_000;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export const isRepetition = (text: string): boolean => /^~(SEQx?|LST)\(/.test(text);

/** Where the arguments of the repetition at the start of `text` lie: between its parentheses. */
export function argumentsOf(text: string): { from: number; to: number } | undefined {
  const from = text.indexOf("(") + 1;
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return { from, to: at };
  }
  return undefined;
}

/** The rounds that a repetition with these arguments makes, or what is wrong with them. */
export function roundsOf(
  kind: string,
  text: string,
): readonly ReadonlyMap<string, string>[] | string {
  const words = splitArguments(text);
  if (kind === "LST") return listRounds(words);
  return sequenceRounds(words, kind === "SEQx");
}

function sequenceRounds(
  words: readonly string[],
  hexadecimal: boolean,
): readonly ReadonlyMap<string, string>[] | string {
  const [name = "", ...numbers] = words;
  if (!NAME.test(name) || numbers.length < 1 || numbers.length > 3)
    return "write ~SEQ(NAME, START, STEP, END), ~SEQ(NAME, START, END) or ~SEQ(NAME, END)";
  if (!numbers.every((number) => /^[+-]?\d{1,9}$/.test(number)))
    return "the limits and the step of ~SEQ must be whole numbers";
  const end = Number(numbers.at(-1));
  const start = numbers.length > 1 ? Number(numbers[0]) : 1;
  const step = numbers.length === 3 ? Number(numbers[1]) : 1;
  if (step === 0 || (end - start) / step < 0) return "this ~SEQ never reaches its end";
  if ((end - start) / step >= REPETITIONS_MAX) return "this ~SEQ repeats its line too often";
  const count = Math.floor((end - start) / step) + 1;
  return Array.from({ length: count }, (_, index) => {
    const value = start + index * step;
    return new Map([[name, value.toString(hexadecimal ? 16 : 10)]]);
  });
}

function listRounds(words: readonly string[]): readonly ReadonlyMap<string, string>[] | string {
  const [names = [], ...rounds] = words.map(splitTuple);
  if (names.length === 0 || rounds.length === 0 || !names.every((name) => NAME.test(name)))
    return "write ~LST(NAME, VALUE, …) or ~LST({NAME, …}, {VALUE, …}, …)";
  if (rounds.some((round) => round.length !== names.length))
    return "every {…} of ~LST must have as many values as there are names";
  return rounds.map((round) => new Map(names.map((name, index) => [name, round[index] ?? ""])));
}

/** At commas outside braces. */
function splitArguments(text: string): readonly string[] {
  const words: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at] ?? ",";
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    if (at === text.length || (character === "," && depth === 0)) {
      words.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return words;
}

const splitTuple = (word: string): readonly string[] =>
  word.startsWith("{") && word.endsWith("}")
    ? word
        .slice(1, -1)
        .split(",")
        .map((part) => part.trim())
    : [word];
