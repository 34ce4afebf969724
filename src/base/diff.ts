/**
 * The difference of two texts by lines, in the unified form that patch(1) reads. After E. W. Myers, "An O(ND) Difference
 * Algorithm and Its Variations", 1986: the fewest lines are added and removed.
 */
interface Edit {
  readonly sign: " " | "-" | "+";
  /** With its line feed, unless the text ends without one. */
  readonly line: string;
}

/** Texts that differ by more lines than this are shown as removed and added whole: the search takes its square. */
const DISTANCE_MAX = 1_000;
const CONTEXT = 3;

/** Empty for equal texts. `names` are what the two are called in the first two lines. */
export function unifiedDiff(
  before: string,
  after: string,
  names: readonly [string, string],
): string {
  const edits = editScript(linesOf(before), linesOf(after));
  const hunks = hunksOf(edits).map(([from, to]) => formatHunk(edits, from, to));
  return hunks.length === 0 ? "" : `--- ${names[0]}\n+++ ${names[1]}\n${hunks.join("")}`;
}

const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const same = (line: string): Edit => ({ sign: " ", line });
const removed = (line: string): Edit => ({ sign: "-", line });
const added = (line: string): Edit => ({ sign: "+", line });

function editScript(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return [
    ...before.slice(0, head).map(same),
    ...middleScript(
      before.slice(head, before.length - tail),
      after.slice(head, after.length - tail),
    ),
    ...before.slice(before.length - tail).map(same),
  ];
}

function middleScript(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const trace = furthestPoints(before, after);
  return trace === undefined
    ? [...before.map(removed), ...after.map(added)]
    : wayBack(trace, before, after);
}

/** The way back through the furthest points that each number of edits reached. */
function wayBack(
  trace: readonly ReadonlyMap<number, number>[],
  before: readonly string[],
  after: readonly string[],
): readonly Edit[] {
  const edits: Edit[] = [];
  let [x, y] = [before.length, after.length];
  for (const [index, reached] of [...trace.entries()].toReversed()) {
    const isAddition = goesDown(reached, x - y, index + 1);
    const diagonal = x - y + (isAddition ? 1 : -1);
    const startX = reached.get(diagonal) ?? 0;
    const startY = startX - diagonal;
    const unchanged = Math.min(x - startX, y - startY);
    edits.push(
      ...before
        .slice(x - unchanged, x)
        .toReversed()
        .map(same),
    );
    edits.push(isAddition ? added(after[startY] ?? "") : removed(before[startX] ?? ""));
    [x, y] = [startX, startY];
  }
  return [...before.slice(0, x).map(same), ...edits.toReversed()];
}

/** Whether the furthest path to `diagonal` with one more edit ends in an addition. */
function goesDown(
  reached: ReadonlyMap<number, number>,
  diagonal: number,
  distance: number,
): boolean {
  if (diagonal === -distance) return true;
  if (diagonal === distance) return false;
  return (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1);
}

/** For 0, 1, 2 … edits how far in `before` each diagonal was reached, up to the last but one; undefined beyond the limit. */
function furthestPoints(
  before: readonly string[],
  after: readonly string[],
): readonly ReadonlyMap<number, number>[] | undefined {
  const trace: Map<number, number>[] = [];
  let reached: ReadonlyMap<number, number> = new Map([[1, 0]]);
  for (let distance = 0; distance <= DISTANCE_MAX; distance += 1) {
    const next = new Map<number, number>();
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      let x = goesDown(reached, diagonal, distance)
        ? (reached.get(diagonal + 1) ?? 0)
        : (reached.get(diagonal - 1) ?? 0) + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal])
        x += 1;
      next.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return trace;
    }
    trace.push(next);
    reached = next;
  }
  return undefined;
}

/** Ranges of edits, from and to, that belong together: changes with less than twice the context between them. */
function hunksOf(edits: readonly Edit[]): readonly (readonly [number, number])[] {
  const hunks: [number, number][] = [];
  for (const [index, { sign }] of edits.entries()) {
    if (sign === " ") continue;
    const [from, to] = [Math.max(0, index - CONTEXT), Math.min(edits.length, index + CONTEXT + 1)];
    const last = hunks.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  return hunks;
}

function formatHunk(edits: readonly Edit[], from: number, to: number): string {
  const count = (list: readonly Edit[], other: Edit["sign"]): number =>
    list.filter(({ sign }) => sign !== other).length;
  const hunk = edits.slice(from, to);
  const range = (other: Edit["sign"]): string => {
    const size = count(hunk, other);
    // patch(1) wants the line before an empty range.
    return `${count(edits.slice(0, from), other) + (size === 0 ? 0 : 1)},${size}`;
  };
  const body = hunk.map(
    ({ sign, line }) =>
      `${sign}${line}${line.endsWith("\n") ? "" : "\n\\ No newline at end of file\n"}`,
  );
  return `@@ -${range("+")} +${range("-")} @@\n${body.join("")}`;
}
