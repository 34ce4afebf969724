import { readFileSync } from "node:fs";
import { signalAll } from "./namespaces.ts";
import { listFolder } from "./registry.ts";

/** `root` and all its descendants, parents before children. Empty when `root` is gone. */
function processTree(root: number): number[] {
  const threads = listFolder(`/proc/${root}/task`);
  if (threads.length === 0) return [];
  const children = threads.flatMap((thread) => childrenOf(root, thread));
  return [root, ...children.flatMap(processTree)];
}

/**
 * Sends `signal` to a whole tree as if at one instant: the tree is stopped first, so that no parent sees a child die
 * and no child is told of its parent's death before it gets the signal itself.
 */
export function signalTree(root: number, signal: NodeJS.Signals): void {
  const pids = processTree(root);
  if (signal === "SIGKILL") signalAll(pids, "SIGSTOP");
  signalAll(pids, signal);
}

function childrenOf(pid: number, thread: string): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    // The thread ended between the two looks.
    return [];
  }
}
