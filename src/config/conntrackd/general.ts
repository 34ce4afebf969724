/** The `General` section: tables, files, the kernel's events. */
import { type Duration, seconds } from "../../base/time.ts";
import type { Position } from "../diagnostics.ts";
import { type FilterDraft, newFilter, readFilter } from "./filter.ts";
import type { Token } from "./lexer.ts";
import { type Keyword, keyword, type Parser, quote, type Table } from "./parser.ts";
import {
  COUNT,
  pathOf,
  readChoice,
  readNumber,
  readPath,
  readPositive,
  readSwitch,
  readValue,
  SOCKET_PATH_MAX,
  switchOf,
  wrong,
} from "./values.ts";

export interface GeneralDraft {
  hashSize: number;
  hashLimit: number;
  logFile: string | undefined;
  syslog: string | undefined;
  lockFile: string;
  controlSocket: string | undefined;
  netlinkBuffer: number | undefined;
  netlinkBufferMax: { readonly value: number; readonly at: Position } | undefined;
  overrunResync: Duration | undefined;
  reliableEvents: boolean;
  eventIterationLimit: number;
  poll: Duration | undefined;
  readonly filter: FilterDraft;
}

const HASH_SIZE = 65_536;
/** Buckets beyond this take more memory than any router has flows for. */
const HASH_SIZE_MAX = 67_108_864;
const HASH_LIMIT = 262_144;
const LOG_FILE = "/var/log/conntrackd.log";
const LOCK_FILE = "/var/lock/conntrackd.lock";
const OVERRUN_RESYNC = seconds(30);
const EVENT_ITERATIONS = 100;

export const newGeneral = (): GeneralDraft => ({
  hashSize: HASH_SIZE,
  hashLimit: HASH_LIMIT,
  logFile: undefined,
  syslog: undefined,
  lockFile: LOCK_FILE,
  controlSocket: undefined,
  netlinkBuffer: undefined,
  netlinkBufferMax: undefined,
  overrunResync: OVERRUN_RESYNC,
  reliableEvents: false,
  eventIterationLimit: EVENT_ITERATIONS,
  poll: undefined,
  filter: newFilter(),
});

type GeneralKeyword = Keyword<GeneralDraft>;
type GeneralTable = Table<GeneralDraft>;

const FACILITY = /^(?:daemon|local[0-7])$/;
const DEFAULT_FACILITY = "daemon";

function readLogFile(parser: Parser, word: Token, draft: GeneralDraft): void {
  const token = readValue(parser, word, "on|off or /PATH");
  if (token === undefined) return;
  const value = switchOf(token);
  if (value !== undefined) draft.logFile = value ? LOG_FILE : undefined;
  else draft.logFile = pathOf(parser, word, token) ?? draft.logFile;
}

function readSyslog(parser: Parser, word: Token, draft: GeneralDraft): void {
  const token = readValue(parser, word, "on|off or FACILITY");
  if (token === undefined) return;
  const value = switchOf(token);
  if (value !== undefined) draft.syslog = value ? DEFAULT_FACILITY : undefined;
  else if (FACILITY.test(token.text)) draft.syslog = token.text;
  else if (token.type === "word" && /^[A-Za-z]/.test(token.text)) {
    const message = `Syslog knows the facilities daemon and local0 to local7; ${quote(token)} is ignored`;
    parser.findings.warn(token.at, "syslog-facility", message);
  } else {
    const message = `Syslog takes on, off, daemon or local0 to local7, not ${quote(token)}`;
    wrong(parser, token, "value-invalid", message);
  }
}

function readOverrunResync(parser: Parser, word: Token, draft: GeneralDraft): void {
  const value = switchOf(parser.peek());
  if (value !== undefined) {
    parser.next();
    draft.overrunResync = value ? OVERRUN_RESYNC : undefined;
    return;
  }
  const number = readPositive(parser, word, { initial: OVERRUN_RESYNC / seconds(1) });
  if (number !== undefined) draft.overrunResync = seconds(number);
}

/** Deprecated since long, and only with a sign part of the language. */
function readNice(parser: Parser, word: Token): void {
  const token = readValue(parser, word, "-20");
  if (token === undefined) return;
  if (/^[+-]\d+$/.test(token.text)) {
    const message = "Nice is deprecated and has no effect: remove it";
    parser.findings.warn(word.at, "deprecated", message);
    return;
  }
  const signed = /^\d+$/.test(token.text)
    ? ` (or write it with its sign, Nice -${token.text})`
    : "";
  const message = `Nice takes a number with its sign, not ${quote(token)}; it has no effect anyway: remove it${signed}`;
  wrong(parser, token, "number-invalid", message);
}

function buffer(
  name: string,
  successor: string | undefined,
  { doc, initial = "" }: { doc: string; initial?: string },
  set: (draft: GeneralDraft, value: number, at: Position) => void,
): GeneralKeyword {
  return keyword(name, "BYTES", { doc, initial }, (parser, word, draft) => {
    if (successor !== undefined) {
      const message = `${name} is the old name of ${successor}: write ${successor}`;
      parser.findings.warn(word.at, "deprecated", message);
    }
    const value = readNumber(parser, word, COUNT);
    if (value !== undefined) set(draft, value, word.at);
  });
}

const setBuffer = (draft: GeneralDraft, value: number): void => {
  draft.netlinkBuffer = value === 0 ? undefined : value;
};
const setBufferMax = (draft: GeneralDraft, value: number, at: Position): void => {
  draft.netlinkBufferMax = { value, at };
};

const BUFFERS: GeneralTable = [
  buffer(
    "NetlinkBufferSize",
    undefined,
    { doc: "Receive buffer for the kernel's events, at first.", initial: "as the system" },
    setBuffer,
  ),
  buffer(
    "NetlinkBufferSizeMaxGrowth",
    undefined,
    {
      doc: "Up to this the receive buffer is doubled when events were lost.",
      initial: "NetlinkBufferSize",
    },
    setBufferMax,
  ),
  buffer(
    "SocketBufferSize",
    "NetlinkBufferSize",
    { doc: "Old name of NetlinkBufferSize." },
    setBuffer,
  ),
  ...["SocketBufferSizeMaxGrowth", "SocketBufferSizeMaxGrown"].map((name) =>
    buffer(
      name,
      "NetlinkBufferSizeMaxGrowth",
      { doc: "Old name of NetlinkBufferSizeMaxGrowth." },
      setBufferMax,
    ),
  ),
];

export const UNIX: GeneralTable = [
  keyword(
    "Path",
    "/PATH",
    { doc: "Socket for the commands of conntrackd's client.", initial: "none" },
    (parser, word, draft) => {
      draft.controlSocket = readPath(parser, word, SOCKET_PATH_MAX) ?? draft.controlSocket;
    },
  ),
  keyword("Backlog", "NUMBER", { doc: "Deprecated.", support: "unsupported" }, (parser, word) => {
    if (readNumber(parser, word, COUNT) === undefined) return;
    const message = "Backlog is deprecated and has no effect: remove it";
    parser.findings.warn(word.at, "deprecated", message);
  }),
];

/** Read so that mistakes in it are told; Duet schedules its threads itself. */
export const SCHEDULER: Table<object> = [
  keyword(
    "Type",
    "RR|FIFO",
    { doc: "Real-time policy.", support: "unsupported" },
    (parser, word) => {
      readChoice(parser, word, { RR: "RR", FIFO: "FIFO" });
    },
  ),
  keyword(
    "Priority",
    "NUMBER",
    { doc: "Real-time priority from 0 to 99.", support: "unsupported" },
    (parser, word) => {
      readNumber(parser, word, { min: 0, max: 99 });
    },
  ),
];

const TABLES: GeneralTable = [
  keyword(
    "HashSize",
    "NUMBER",
    { doc: "Flows that the tables are made for at the start.", initial: String(HASH_SIZE) },
    (parser, word, draft) => {
      const value = readPositive(parser, word, { initial: HASH_SIZE, max: HASH_SIZE_MAX });
      draft.hashSize = value ?? draft.hashSize;
    },
  ),
  keyword(
    "HashLimit",
    "NUMBER",
    {
      doc: "Flows that each of the tables may hold; what is beyond is not replicated.",
      initial: String(HASH_LIMIT),
    },
    (parser, word, draft) => {
      draft.hashLimit = readPositive(parser, word, { initial: HASH_LIMIT }) ?? draft.hashLimit;
    },
  ),
];

const EVENTS: GeneralTable = [
  keyword(
    "NetlinkOverrunResync",
    "on|off or SECONDS",
    {
      doc: "At the latest so long after events were lost the kernel's table is read again; sooner when the burst is over.",
      initial: "30",
    },
    readOverrunResync,
  ),
  keyword(
    "NetlinkEventsReliable",
    "on|off",
    { doc: "The kernel repeats events that were not taken.", initial: "off" },
    (parser, word, draft) => {
      draft.reliableEvents = readSwitch(parser, word) ?? draft.reliableEvents;
    },
  ),
  keyword(
    "EventIterationLimit",
    "NUMBER",
    {
      doc: "Events or datagrams that are taken before something else has its turn.",
      initial: String(EVENT_ITERATIONS),
    },
    (parser, word, draft) => {
      const value = readPositive(parser, word, { initial: EVENT_ITERATIONS });
      draft.eventIterationLimit = value ?? draft.eventIterationLimit;
    },
  ),
  keyword(
    "PollSecs",
    "SECONDS",
    { doc: "Read the kernel's table so often instead of its events.", initial: "events" },
    (parser, word, draft) => {
      const value = readNumber(parser, word, { min: 1, max: COUNT.max });
      if (value !== undefined) draft.poll = seconds(value);
    },
  ),
];

export const GENERAL: GeneralTable = [
  ...TABLES,
  keyword(
    "LogFile",
    "on|off or /PATH",
    { doc: `Log to a file; on is ${LOG_FILE}.`, initial: "off" },
    readLogFile,
  ),
  keyword(
    "Syslog",
    "on|off or FACILITY",
    { doc: "Log to syslog, as daemon or local0 to local7; on is daemon.", initial: "off" },
    readSyslog,
  ),
  keyword(
    "LockFile",
    "/PATH",
    { doc: "File that keeps a second daemon from running.", initial: LOCK_FILE },
    (parser, word, draft) => {
      draft.lockFile = readPath(parser, word) ?? draft.lockFile;
    },
  ),
  keyword("UNIX", "{ … }", { doc: "The control socket." }, (parser, word, draft) =>
    parser.readBlock(word, "UNIX", UNIX, draft),
  ),
  ...BUFFERS,
  ...EVENTS,
  keyword(
    "Filter",
    "[From Userspace|Kernelspace] { … }",
    { doc: "Which flows are replicated; where events are left out.", initial: "all flows" },
    (parser, word, draft) => readFilter(parser, word, draft.filter),
  ),
  keyword(
    "Scheduler",
    "{ … }",
    { doc: "How the process is scheduled.", support: "unsupported" },
    (parser, word) => {
      parser.readBlock(word, "Scheduler", SCHEDULER, {});
      const message = "Scheduler is accepted and has no effect: Duet schedules its threads itself";
      parser.findings.warn(word.at, "not-supported", message);
    },
  ),
  keyword(
    "Systemd",
    "on|off",
    { doc: "systemd is told when the daemon is ready.", support: "implied" },
    (parser, word) => {
      readSwitch(parser, word);
    },
  ),
  keyword("Nice", "+N|-N", { doc: "Deprecated.", support: "unsupported" }, readNice),
];
