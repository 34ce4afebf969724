/** What a daemon costs: processor time and memory of all its processes and threads, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Nanoseconds on a processor since the start, all threads of `root` and its descendants. */
export function processorTime(root: number): number {
  return treeOf(root).reduce((sum, pid) => sum + timeOf(pid), 0);
}

export interface Memory {
  readonly residentMb: number;
  /** Shared pages divided among those who share them. */
  readonly proportionalMb: number;
}

export function memoryOf(root: number): Memory {
  const texts = treeOf(root).map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  const sum = (field: string): number =>
    texts.reduce(
      (total, text) => total + Number(new RegExp(`^${field}: +(\\d+)`, "m").exec(text)?.[1]),
      0,
    ) / 1_024;
  return { residentMb: sum("Rss"), proportionalMb: sum("Pss") };
}

function treeOf(root: number): number[] {
  const children = readdirSync(`/proc/${root}/task`).flatMap((thread) =>
    readFileSync(`/proc/${root}/task/${thread}/children`, "utf8")
      .split(" ")
      .filter((word) => word !== ""),
  );
  return [root, ...children.flatMap((child) => treeOf(Number(child)))];
}

/** The first number of schedstat is the time spent on a processor. */
const timeOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) =>
      sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
    0,
  );
