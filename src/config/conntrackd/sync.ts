/** The `Sync` section: the mode, the dedicated links and what is replicated. */
import { type Duration, seconds } from "../../base/time.ts";
import type { Position } from "../diagnostics.ts";
import { type ChannelDraft, channelKeyword } from "./channels.ts";
import type { Token } from "./lexer.ts";
import { type Keyword, keyword, type Parser, quote, type Table } from "./parser.ts";
import {
  COUNT,
  readNumber,
  readPositive,
  readSeconds,
  readSwitch,
  readValue,
  switchOf,
  wrong,
} from "./values.ts";

export type Mode = "FTFW" | "NOTRACK" | "ALARM";

/** What modes configure counts wherever it stands, so that all of them share it. */
export interface SyncDraft {
  readonly at: Position;
  readonly modes: { readonly mode: Mode; readonly at: Position }[];
  readonly channels: ChannelDraft[];
  resendQueueSize: number;
  ackWindowSize: number;
  externalCacheDisabled: boolean;
  internalCacheDisabled: boolean;
  startupResync: boolean;
  refreshTime: Duration;
  cacheTimeout: Duration;
  /** Zero estimates it from what the peer sent. */
  commitTimeout: { readonly seconds: number; readonly at: Position } | undefined;
  purgeTimeout: Duration;
  /** conntrackd.conf has no word for it; duet.yaml does. */
  loadsAhead: boolean;
  windowTracking: boolean;
  expectations: boolean | readonly string[];
}

const RESEND_QUEUE_SIZE = 131_072;
const ACK_WINDOW_SIZE = 300;
const REFRESH_TIME = seconds(60);
const CACHE_TIMEOUT = seconds(180);
const PURGE_TIMEOUT = seconds(60);

export const newSync = (at: Position): SyncDraft => ({
  at,
  modes: [],
  channels: [],
  resendQueueSize: RESEND_QUEUE_SIZE,
  ackWindowSize: ACK_WINDOW_SIZE,
  externalCacheDisabled: false,
  internalCacheDisabled: false,
  startupResync: false,
  refreshTime: REFRESH_TIME,
  cacheTimeout: CACHE_TIMEOUT,
  commitTimeout: undefined,
  purgeTimeout: PURGE_TIMEOUT,
  loadsAhead: true,
  windowTracking: false,
  expectations: false,
});

type SyncKeyword = Keyword<SyncDraft>;

const TIMEOUTS: Table<SyncDraft> = [
  keyword(
    "CommitTimeout",
    "SECONDS",
    {
      doc: "Timeout of the flows that are written to the kernel; 0 estimates it from what the peer sent. Where it is set, timeouts are not sent either.",
      initial: "0",
    },
    (parser, word, draft) => {
      const value = readNumber(parser, word, COUNT);
      if (value !== undefined) draft.commitTimeout = { seconds: value, at: word.at };
    },
  ),
  keyword(
    "PurgeTimeout",
    "SECONDS",
    {
      doc: "After it the flows of a router that is not the active one any more are deleted from its kernel.",
      initial: "60",
    },
    (parser, word, draft) => {
      draft.purgeTimeout = readSeconds(parser, word, PURGE_TIMEOUT) ?? draft.purgeTimeout;
    },
  ),
];

const REFRESHING: Table<SyncDraft> = [
  keyword(
    "RefreshTime",
    "SECONDS",
    { doc: "A flow is repeated at least this often.", initial: "60" },
    (parser, word, draft) => {
      draft.refreshTime = readSeconds(parser, word, REFRESH_TIME) ?? draft.refreshTime;
    },
  ),
  keyword(
    "CacheTimeout",
    "SECONDS",
    { doc: "A flow of the peer that is not repeated for so long is forgotten.", initial: "180" },
    (parser, word, draft) => {
      draft.cacheTimeout = readSeconds(parser, word, CACHE_TIMEOUT) ?? draft.cacheTimeout;
    },
  ),
];

function onOff(
  name: string,
  key: "externalCacheDisabled" | "internalCacheDisabled" | "startupResync" | "windowTracking",
  doc: string,
): SyncKeyword {
  return keyword(name, "on|off", { doc, initial: "off" }, (parser, word, draft) => {
    draft[key] = readSwitch(parser, word) ?? draft[key];
  });
}

const EXTERNAL_CACHE = onOff(
  "DisableExternalCache",
  "externalCacheDisabled",
  "Write the peer's flows to the kernel as they come, instead of keeping them until they are needed.",
);
const STARTUP_RESYNC = onOff(
  "StartupResync",
  "startupResync",
  "Ask the peer for all its flows at the start.",
);

export const FTFW: Table<SyncDraft> = [
  keyword(
    "ResendQueueSize",
    "NUMBER",
    {
      doc: "How many messages are kept until they are acknowledged.",
      initial: String(RESEND_QUEUE_SIZE),
    },
    (parser, word, draft) => {
      const value = readPositive(parser, word, { initial: RESEND_QUEUE_SIZE });
      draft.resendQueueSize = value ?? draft.resendQueueSize;
    },
  ),
  keyword(
    "ACKWindowSize",
    "NUMBER",
    { doc: "Messages after which an acknowledgement is sent.", initial: String(ACK_WINDOW_SIZE) },
    (parser, word, draft) => {
      const value = readPositive(parser, word, { initial: ACK_WINDOW_SIZE });
      draft.ackWindowSize = value ?? draft.ackWindowSize;
    },
  ),
  EXTERNAL_CACHE,
  STARTUP_RESYNC,
  ...TIMEOUTS,
];

export const NOTRACK: Table<SyncDraft> = [
  onOff(
    "DisableInternalCache",
    "internalCacheDisabled",
    "Send changes as the kernel reports them, without a table of own flows.",
  ),
  EXTERNAL_CACHE,
  STARTUP_RESYNC,
  ...TIMEOUTS,
];

export const ALARM: Table<SyncDraft> = [...REFRESHING, ...TIMEOUTS];

const MODES: Readonly<Record<Mode, Table<SyncDraft>>> = { FTFW, NOTRACK, ALARM };

/** Every word that `Mode` takes, in lower case, with the mode that it stands for. */
const MODE_WORDS: ReadonlyMap<string, Mode> = new Map<string, Mode>([
  ["ftfw", "FTFW"],
  ["notrack", "NOTRACK"],
  ["alarm", "ALARM"],
  ["nack", "FTFW"],
  ["persistent", "ALARM"],
]);

function readMode(parser: Parser, word: Token, draft: SyncDraft): void {
  const token = readValue(parser, word, "FTFW { … }");
  const mode = token === undefined ? undefined : MODE_WORDS.get(token.text.toLowerCase());
  if (token === undefined || mode === undefined) {
    if (token !== undefined) {
      const message = `Mode is FTFW, NOTRACK or ALARM, not ${quote(token)}`;
      parser.findings.error(token.at, "value-invalid", message);
    }
    parser.skipBlock();
    return;
  }
  if (token.text.toUpperCase() !== mode) {
    const message = `Mode ${token.text} is the old name of ${mode}: write Mode ${mode}`;
    parser.findings.warn(token.at, "deprecated", message);
  }
  draft.modes.push({ mode, at: word.at });
  parser.readBlock(word, `Mode ${mode}`, MODES[mode], draft);
}

function readExpectations(parser: Parser, word: Token, draft: SyncDraft): void {
  if (parser.peek().type !== "open") {
    const token = readValue(parser, word, "on|off or { HELPER … }");
    if (token === undefined) return;
    const value = switchOf(token);
    if (value !== undefined) draft.expectations = value;
    else {
      const message = `ExpectationSync takes on, off or names of helpers in braces, not ${quote(token)}`;
      wrong(parser, token, "boolean-invalid", message);
    }
    return;
  }
  const names: string[] = [];
  parser.readList(word, "ExpectationSync", (token) => {
    if (token.type === "word" && /^[A-Za-z]/.test(token.text)) names.push(token.text);
    else {
      const message = `helpers have names such as ftp, without quotation marks; ${quote(token)} is none`;
      wrong(parser, token, "value-invalid", message);
    }
  });
  draft.expectations = names;
}

export const OPTIONS: Table<SyncDraft> = [
  onOff(
    "TCPWindowTracking",
    "windowTracking",
    "Replicate window scales, and let the kernel go on tracking TCP windows after a takeover.",
  ),
  keyword(
    "ExpectationSync",
    "on|off or { HELPER … }",
    { doc: "Replicate expectations, of all helpers or of those named.", initial: "off" },
    readExpectations,
  ),
];

/** The keyword as it stood in Sync before it moved into Mode ALARM. */
const moved = ({ name, form, read }: SyncKeyword): SyncKeyword =>
  keyword(
    name,
    form,
    { doc: `Old place of ${name} of Mode ALARM.`, deprecated: true },
    (parser, word, draft) => {
      const message = `${name} has moved: write it in Mode ALARM { … }`;
      parser.findings.warn(word.at, "deprecated", message);
      read(parser, word, draft);
    },
  );

export const SYNC: Table<SyncDraft> = [
  keyword(
    "Mode",
    "FTFW|NOTRACK|ALARM { … }",
    {
      doc: "FTFW: messages are numbered, acknowledged and repeated. NOTRACK: they are sent once. ALARM: every flow is repeated from time to time.",
      initial: "FTFW",
    },
    readMode,
  ),
  channelKeyword("Multicast", "multicast", "A dedicated link, with multicast."),
  channelKeyword("UDP", "udp", "A dedicated link, with UDP from address to address."),
  channelKeyword("TCP", "tcp", "A dedicated link, with TCP."),
  keyword("Options", "{ … }", { doc: "What is replicated." }, (parser, word, draft) =>
    parser.readBlock(word, "Options", OPTIONS, draft),
  ),
  ...TIMEOUTS,
  ...REFRESHING.map(moved),
];
