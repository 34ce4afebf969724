/** What may be tracked: vrrp_script, track_file and vrrp_track_process blocks. */
import type { Duration } from "../../base/time.ts";
import { NO_TIME, seconds } from "../../base/time.ts";
import type { Position } from "../diagnostics.ts";
import type {
  Command,
  FileTracker,
  ProcessTracker,
  ScriptTracker,
  TrackerConfig,
} from "../model.ts";
import { readCommand, readOwner, splitCommand } from "./commands.ts";
import type { Keyword, Reading, Table } from "./reading.ts";
import { keyword, readBlock } from "./reading.ts";
import type { Statement } from "./tree.ts";
import { quote, readBoolean, readInteger, readSeconds } from "./values.ts";

/** A tracker with the weight that those who track it get unless they say otherwise. */
export interface DefinedTracker {
  readonly tracker: TrackerConfig;
  readonly weight: number;
  readonly reverse: boolean;
  readonly at: Position;
}

interface Weighted {
  weight: number;
  reverse: boolean;
}

const SCRIPT_WEIGHT_MAX = 253;
const FILE_WEIGHT_MAX = 254;

function weightKeyword<Draft extends Weighted>(limit: number, initial: string): Keyword<Draft> {
  const doc = `What it adds to the priority, -${limit} to ${limit}; 0: its failure is a fault.`;
  return keyword(
    "weight",
    "NUMBER [reverse]",
    { doc, initial },
    (reading, { words: [word, how] }, draft) => {
      const weight = word && readInteger(reading, word, "weight", { min: -limit, max: limit });
      if (weight !== undefined) draft.weight = weight;
      if (how === undefined) return;
      draft.reverse = how.text === "reverse";
      if (draft.reverse || how.text === "noreverse") return;
      const message = `after the weight may only stand reverse, not ${quote(how.text)}`;
      reading.findings.error(how.at, "value-invalid", message);
    },
  );
}

interface ScriptDraft extends Weighted {
  command?: Command;
  user?: Statement;
  interval: Duration;
  timeout?: Duration;
  rise: number;
  fall: number;
  startsFailed: boolean;
}

const INTERVAL = { min: 0, max: 4294.967295 };
const COUNT = { min: 1, max: 2_147_483_647 };

/** 0 seconds are taken as one. */
function scriptSpan(
  name: "interval" | "timeout",
  initial: string,
  doc: string,
): Keyword<ScriptDraft> {
  return keyword(name, "SECONDS", { doc, initial }, (reading, { words: [word] }, draft) => {
    const value = word && readSeconds(reading, word, name, INTERVAL);
    if (value !== undefined) draft[name] = value === NO_TIME ? seconds(1) : value;
  });
}

function scriptCount(name: "rise" | "fall", doc: string): Keyword<ScriptDraft> {
  return keyword(name, "COUNT", { doc, initial: "1" }, (reading, { words: [word] }, draft) => {
    const value = word && readInteger(reading, word, name, COUNT);
    if (value !== undefined) draft[name] = value;
  });
}

export const SCRIPT: Table<ScriptDraft> = [
  keyword(
    "script",
    "COMMAND",
    { doc: "Program to run, in quotes when it has arguments; exit status 0 is success." },
    (reading, { keyword: word, words }, draft) => {
      // Words after the command are not its arguments, nor a user.
      const command = readCommand(reading, { keyword: word, words: words.slice(0, 1) });
      if (command !== undefined) draft.command = command;
    },
  ),
  scriptSpan("interval", "1", "Seconds from one run to the next."),
  scriptSpan("timeout", "interval", "Seconds after which a run is ended and counts as failed."),
  weightKeyword(SCRIPT_WEIGHT_MAX, "0"),
  scriptCount("rise", "Successes in a row that bring it up."),
  scriptCount("fall", "Failures in a row that bring it down."),
  keyword(
    "user",
    "USER [GROUP]",
    { doc: "As whom it runs.", initial: "script_user" },
    (_, statement, draft) => {
      draft.user = statement;
    },
  ),
  keyword(
    "init_fail",
    "",
    { doc: "It counts as failed until it succeeded.", initial: "off" },
    (_, __, draft) => {
      draft.startsFailed = true;
    },
  ),
];

export function readScript(
  reading: Reading,
  statement: Statement,
  name: string,
): DefinedTracker | undefined {
  const draft: ScriptDraft = {
    weight: 0,
    reverse: false,
    interval: seconds(1),
    rise: 1,
    fall: 1,
    startsFailed: false,
  };
  const {
    keyword: { at },
    block,
  } = statement;
  readBlock(reading, SCRIPT, { owner: `vrrp_script ${name}`, block, draft });
  if (draft.command === undefined)
    return incomplete(reading, at, `vrrp_script ${name}`, "script COMMAND");
  const { interval, timeout, rise, fall, startsFailed, weight, reverse } = draft;
  const command = withUser(reading, draft.command, draft.user);
  const tracker: ScriptTracker = {
    type: "script",
    name,
    command,
    interval,
    timeout: timeout ?? interval,
    rise,
    fall,
    startsFailed,
  };
  return { tracker, weight, reverse, at };
}

function withUser(reading: Reading, command: Command, user: Statement | undefined): Command {
  if (user === undefined) return command;
  const { user: _, group: __, ...rest } = command;
  return { ...rest, ...readOwner(reading, user.words) };
}

interface FileDraft extends Weighted {
  path?: string;
  initialise?: { value: number; overwrite: boolean };
}

export const FILE: Table<FileDraft> = [
  keyword(
    "file",
    "PATH",
    { doc: "File that holds a whole number." },
    (_, { words: [word] }, draft) => {
      if (word !== undefined) draft.path = word.text;
    },
  ),
  weightKeyword(FILE_WEIGHT_MAX, "1"),
  keyword(
    "init_file",
    "[NUMBER] [overwrite]",
    { doc: "Create the file with this number, or overwrite it.", initial: "off" },
    (reading, { words }, draft) => {
      const overwrite = words.at(-1)?.text === "overwrite";
      const number = words[0]?.text === "overwrite" ? undefined : words[0];
      const value =
        number === undefined
          ? 0
          : readInteger(reading, number, "init_file", { min: -2_147_483_648, max: 2_147_483_647 });
      if (value !== undefined) draft.initialise = { value, overwrite };
    },
  ),
];

export function readFileTracker(
  reading: Reading,
  statement: Statement,
  name: string,
): DefinedTracker | undefined {
  const draft: FileDraft = { weight: 1, reverse: false };
  const {
    keyword: { at },
    block,
  } = statement;
  readBlock(reading, FILE, { owner: `track_file ${name}`, block, draft });
  if (draft.path === undefined) return incomplete(reading, at, `track_file ${name}`, "file PATH");
  const { path, initialise, weight, reverse } = draft;
  const tracker: FileTracker = {
    type: "file",
    name,
    path,
    ...(initialise !== undefined && { initialise }),
  };
  return { tracker, weight, reverse, at };
}

interface ProcessDraft extends Weighted {
  command?: readonly string[];
  match?: "initial" | "partial";
  fullCommand: boolean;
  quorum: number;
  quorumMax?: number;
  forkDelay: Duration;
  terminateDelay: Duration;
}

function processDelay(
  name: string,
  fields: readonly ("forkDelay" | "terminateDelay")[],
  doc: string,
): Keyword<ProcessDraft> {
  return keyword(name, "SECONDS", { doc, initial: "0" }, (reading, { words: [word] }, draft) => {
    const value = word && readSeconds(reading, word, name, { min: 0.000001, max: 3600 });
    if (value !== undefined) for (const field of fields) draft[field] = value;
  });
}

export const PROCESS: Table<ProcessDraft> = [
  keyword(
    "process",
    "COMMAND [ARGUMENT…]",
    { doc: "Name of the processes to count, with arguments when they matter." },
    (reading, { words }, draft) => {
      const [first] = words;
      const command =
        words.length === 1 && first !== undefined
          ? splitCommand(first.text)
          : words.map(({ text }) => text);
      if (command?.[0] !== undefined) draft.command = command;
      else if (first !== undefined)
        reading.findings.error(
          first.at,
          "command-invalid",
          `${quote(first.text)} is no command: close its quotes`,
        );
    },
  ),
  keyword(
    "param_match",
    "[initial|partial]",
    { doc: "How arguments are compared.", initial: "exactly, if there are arguments" },
    (reading, { words: [word] }, draft) => {
      if (word === undefined) return;
      if (word.text === "initial" || word.text === "partial") draft.match = word.text;
      else
        reading.findings.error(
          word.at,
          "value-invalid",
          `param_match is followed by initial or partial, not ${quote(word.text)}`,
        );
    },
  ),
  weightKeyword(FILE_WEIGHT_MAX, "0"),
  keyword(
    "quorum",
    "COUNT",
    { doc: "How many there must be.", initial: "1" },
    (reading, { words: [word] }, draft) => {
      const value = word && readInteger(reading, word, "quorum", { min: 1, max: 65_535 });
      if (value !== undefined) draft.quorum = value;
    },
  ),
  keyword(
    "quorum_max",
    "COUNT",
    { doc: "How many there may be.", initial: "any number" },
    (reading, { words: [word] }, draft) => {
      const value = word && readInteger(reading, word, "quorum_max", { min: 0, max: 65_535 });
      if (value !== undefined) draft.quorumMax = value;
    },
  ),
  processDelay("delay", ["forkDelay", "terminateDelay"], "Seconds that a change must last."),
  processDelay("fork_delay", ["forkDelay"], "Seconds that a gain must last."),
  processDelay("terminate_delay", ["terminateDelay"], "Seconds that a loss must last."),
  keyword(
    "full_command",
    "[BOOLEAN]",
    { doc: "Compare the whole command line, not the short name.", initial: "off" },
    (reading, statement, draft) => {
      draft.fullCommand = readBoolean(reading, statement) ?? draft.fullCommand;
    },
  ),
];

const newProcess = (): ProcessDraft => ({
  weight: 0,
  reverse: false,
  fullCommand: false,
  quorum: 1,
  forkDelay: NO_TIME,
  terminateDelay: NO_TIME,
});

/** Counts processes of that name, or with that command line when there are arguments. */
export function processTracker(
  name: string,
  [process = "", ...rest]: readonly string[],
  options: Partial<Omit<ProcessDraft, "command">> = {},
): ProcessTracker {
  const { match, fullCommand, quorum, quorumMax, forkDelay, terminateDelay } = {
    ...newProcess(),
    ...options,
  };
  return {
    type: "process",
    name,
    process,
    arguments: rest,
    match: match ?? (rest.length > 0 ? "exact" : "name"),
    fullCommand: fullCommand || rest.length > 0,
    quorum,
    ...(quorumMax !== undefined && { quorumMax }),
    forkDelay,
    terminateDelay,
  };
}

export function readProcess(
  reading: Reading,
  statement: Statement,
  name: string,
): DefinedTracker | undefined {
  const draft = newProcess();
  const {
    keyword: { at },
    block,
  } = statement;
  const owner = `vrrp_track_process ${name}`;
  readBlock(reading, PROCESS, { owner, block, draft });
  const { command = [], quorum, quorumMax, weight, reverse } = draft;
  if (command.length === 0) return incomplete(reading, at, owner, "process COMMAND");
  const tracker = processTracker(name, command, draft);
  if (quorumMax !== undefined && quorumMax < quorum)
    reading.findings.error(at, "number-range", `quorum_max of ${owner} is less than its quorum`);
  return { tracker, weight, reverse, at };
}

function incomplete(
  { findings }: Reading,
  at: Position,
  owner: string,
  missing: string,
): undefined {
  findings.error(at, "tracker-incomplete", `${owner} tracks nothing: add ${missing}`);
  return undefined;
}
