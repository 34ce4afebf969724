/** How quantities and tables are written for people. */

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
];

/** A span in its two largest units: "0.4s", "45s", "1h 2m", "3d 4h". */
export function formatAge(spanMs: number): string {
  if (spanMs < 10_000) return `${Number((spanMs / 1_000).toFixed(1))}s`;
  let rest = Math.floor(spanMs / 1_000);
  const parts: string[] = [];
  for (const [unit, seconds] of UNITS) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0 || parts.length > 0) parts.push(`${count}${unit}`);
  }
  return parts
    .slice(0, 2)
    .filter((part) => !part.startsWith("0"))
    .join(" ");
}

/** "2026-11-22 18:00:00 UTC". */
export const formatTime = (iso: string): string => `${iso.slice(0, 19).replace("T", " ")} UTC`;

export const plural = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Columns as wide as their widest cell; the first is flush left, the others, which hold numbers, flush right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const format = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows
    .map((row) => `${row.map((cell, column) => format(cell, column)).join("  ")}\n`)
    .join("");
}
