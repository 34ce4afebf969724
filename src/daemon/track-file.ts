import { existsSync, type FSWatcher, readFileSync, watch, writeFileSync } from "node:fs";
import path from "node:path";
import { type FileTracker, trackerKey } from "../config/model.ts";
import type { StartTracker } from "./trackers.ts";

/** Large enough for any number; the rest of a longer file is not read. */
const TEXT_MAX = 64;
/** A directory that is missing is looked for this often. */
const RETRY_MS = 1_000;
/** Writers empty a file before they fill it: what it holds counts when it has been left alone for so long. */
const SETTLE_MS = 20;

/** Follows the number in a file; missing or empty counts as 0. See track_file in keepalived.conf(5). */
export const watchFile: StartTracker<FileTracker> = (config, report, logger) => {
  const tracker = trackerKey(config);
  const folder = path.dirname(config.path);
  const complain = (reason: string): void =>
    logger.event(
      "tracker.file-unusable",
      { tracker, path: config.path, reason },
      `${tracker}: ${config.path}: ${reason}`,
    );
  const look = (): void => {
    const { value, problem } = readNumber(config.path);
    if (problem === undefined) report(value, `${config.path} holds ${value}`);
    else complain(problem);
  };
  let watcher: FSWatcher | undefined;
  let retry: NodeJS.Timeout | undefined;
  let settled: NodeJS.Timeout | undefined;
  const follow = (): void => {
    look();
    try {
      // The directory, not the file: the file may be replaced, removed and created anew.
      watcher = watch(folder, (_, name) => {
        clearTimeout(settled);
        settled = setTimeout(look, SETTLE_MS);
        // A directory that is removed or moved takes the watch along without an error; its own name is the last it tells.
        if (name === path.basename(folder)) again();
      });
      watcher.once("error", again);
    } catch {
      again();
    }
  };
  const again = (): void => {
    watcher?.close();
    clearTimeout(retry);
    retry = setTimeout(follow, RETRY_MS);
  };
  initialise(config, complain);
  follow();
  return () => {
    clearTimeout(retry);
    clearTimeout(settled);
    watcher?.close();
  };
};

function initialise(
  { path: file, initialise: initial }: FileTracker,
  complain: (reason: string) => void,
): void {
  if (initial === undefined || (existsSync(file) && !initial.overwrite)) return;
  try {
    writeFileSync(file, `${initial.value}\n`);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  }
}

function readNumber(file: string): { readonly value: number; readonly problem?: string } {
  let text: string;
  try {
    text = readFileSync(file, "latin1").slice(0, TEXT_MAX).trim();
  } catch {
    // Missing or unreadable counts as 0, so that removing the file is a way to say "all is well".
    return { value: 0 };
  }
  if (text === "") return { value: 0 };
  const match = /^[+-]?\d+/.exec(text);
  if (match === null)
    return { value: 0, problem: `expected a whole number, found ${JSON.stringify(text)}` };
  return { value: Number(match[0]) };
}
