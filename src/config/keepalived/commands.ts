/** Programs that a configuration names, and the scripts that follow the state of an instance or group. */
import type { Command, NotifyConfig } from "../model.ts";
import type { Word } from "./lexer.ts";
import type { Keyword, Reading } from "./reading.ts";
import { keyword } from "./reading.ts";
import type { Statement } from "./tree.ts";
import { quote } from "./values.ts";

/** Programs that nobody configured a user for run as this one where it exists. */
const DEFAULT_USER = "keepalived_script";

/**
 * Reads "COMMAND [USER [GROUP]]". The command is one word, in quotes when it has arguments; inside, quotes of either kind
 * group and backslashes escape. Undefined after an error.
 */
export function readCommand(
  reading: Reading,
  { keyword: { at }, words }: Statement,
): Command | undefined {
  const [first, ...rest] = words;
  const { text, argv } = readWords(first);
  if (argv === undefined || argv[0] === undefined) {
    const where = words[0]?.at ?? at;
    const message = `${quote(text)} is no command: quotes must be closed and a program be named`;
    reading.findings.error(where, "command-invalid", message);
    return undefined;
  }
  return { argv, ...ownerOf(reading, rest), at: first?.at ?? at };
}

/** Whom a command names itself, or else script_user, or else keepalived's user for scripts where it exists. */
function ownerOf(
  reading: Reading,
  words: readonly Word[],
): { readonly user?: string; readonly group?: string } {
  if (words.length > 0) return readOwner(reading, words);
  const { user = defaultUser(reading), group } = reading.scripts;
  return { ...(user !== undefined && { user }), ...(group !== undefined && { group }) };
}

const defaultUser = ({ environment }: Reading): string | undefined =>
  environment.userExists?.(DEFAULT_USER) === true ? DEFAULT_USER : undefined;

/** Reports a program that is missing, not executable or not safe, as far as that is known. */
export function checkCommand(
  { findings, environment, scripts }: Reading,
  { argv: [program = ""], user, at }: Command,
): void {
  const status = environment.commandStatus?.(program);
  const runsAsRoot = user === undefined || user === "root";
  if (status === "missing") {
    const message = `${program} does not exist: install it or correct the path`;
    findings.error(at, "command-missing", message);
  } else if (status === "not-executable") {
    const message = `${program} is not executable: run chmod +x ${program}`;
    findings.error(at, "command-not-executable", message);
  } else if (status === "insecure" && runsAsRoot) {
    const message = `${program} runs as root, but others may change it or a folder above it: give both to root and take write permission from group and others, or set script_user`;
    if (scripts.secure) findings.error(at, "command-insecure", message);
    else findings.warn(at, "command-insecure", message);
  }
}

/** Reads USER [[:]GROUP] or USER:GROUP. */
export function readOwner(
  { findings, environment }: Reading,
  [first, second]: readonly Word[],
): { user?: string; group?: string } {
  if (first === undefined) return {};
  const [user = "", attached] = first.text.split(":");
  const group = attached ?? second?.text.replace(/^:/, "") ?? "";
  if (environment.userExists?.(user) === false)
    findings.error(first.at, "name-unknown", `there is no user ${user} on this router`);
  if (group === "") return { user };
  if (environment.groupExists?.(group) === false)
    findings.error((second ?? first).at, "name-unknown", `there is no group ${group}`);
  return { user, group };
}

function readWords(word: Word | undefined): {
  readonly text: string;
  readonly argv: readonly string[] | undefined;
} {
  const { text: written = "", quoted = false } = word ?? {};
  const text = quoted ? unescape(written) : written;
  return { text, argv: quoted ? splitEscaped(text) : splitCommand(text) };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** What stands for what inside double quotes. */
const unescape = (text: string): string =>
  text.replaceAll(/\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)/gs, (_, code: string) => {
    if (/^x./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8) & 255);
    return ESCAPES[code] ?? code;
  });

/** A word, and what of it stands in quotes; then the same where backslashes escape, inside quotes as well. */
const WORD = /(?:'[^']*'|"[^"]*"|[^\s'"])+/g;
const QUOTATION = /'([^']*)'|"([^"]*)"|(\\)/g;
const ESCAPED_WORD = /(?:'(?:\\[^]|[^'\\])*'|"(?:\\[^]|[^"\\])*"|\\(?:[^]|$)|[^\s'"\\])+/g;
const ESCAPED_QUOTATION = /'((?:\\[^]|[^'\\])*)'|"((?:\\[^]|[^"\\])*)"|(\\[^])/g;

/** Words at blanks; single and double quotes group. Undefined when one is not closed. */
export const splitCommand = (text: string): readonly string[] | undefined =>
  splitBy(WORD, text)?.map((word) => withoutQuotes(QUOTATION, word));

/** keepalived takes escapes out of a command in quotes twice: from the whole, then from each word. */
const splitEscaped = (text: string): readonly string[] | undefined =>
  splitBy(ESCAPED_WORD, text)?.map((word) => unescape(withoutQuotes(ESCAPED_QUOTATION, word)));

/** The words of what stands between double quotes in a file. */
export const splitQuoted = (written: string): readonly string[] | undefined =>
  splitEscaped(unescape(written));

function splitBy(word: RegExp, text: string): readonly string[] | undefined {
  return text.replaceAll(word, "").trim() === "" ? (text.match(word) ?? []) : undefined;
}

const withoutQuotes = (quotation: RegExp, word: string): string =>
  word.replaceAll(
    quotation,
    (_, single?: string, double?: string, escape?: string) => single ?? double ?? escape ?? "",
  );

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Notify scripts while they are read. Programs are checked when all of the file is known. */
export interface NotifyDraft {
  readonly notify: Writable<NotifyConfig>;
}

export const newNotifyDraft = (): NotifyDraft => ({ notify: { reportsDeleted: false } });

type Slot = Exclude<keyof NotifyConfig, "reportsDeleted">;

const SLOTS: readonly (readonly [string, Slot, string])[] = [
  ["notify_master", "master", "Runs when this becomes MASTER."],
  ["notify_backup", "backup", "Runs when this becomes BACKUP."],
  ["notify_fault", "fault", "Runs when this becomes FAULT."],
  ["notify_stop", "stop", "Runs when the daemon stops."],
  [
    "notify",
    "any",
    "Runs at every change of state, with INSTANCE or GROUP, the name, the state and the priority appended.",
  ],
];

/** Keywords of scripts that instances and groups share. A second one of a kind is ignored. */
export const notifyKeywords = <Draft extends NotifyDraft>(): readonly Keyword<Draft>[] =>
  SLOTS.map(([name, slot, doc]) => notifyKeyword(name, slot, doc));

export function notifyKeyword<Draft extends NotifyDraft>(
  name: string,
  slot: Slot,
  doc: string,
): Keyword<Draft> {
  const options = { doc, repeated: "first" } as const;
  return keyword(name, "COMMAND [USER [GROUP]]", options, (reading, statement, { notify }) => {
    const command = readCommand(reading, statement);
    if (command === undefined) return;
    checkCommand(reading, command);
    notify[slot] = command;
  });
}

/** `notify_deleted`, with or without a program. */
export function readDeleted(reading: Reading, statement: Statement, { notify }: NotifyDraft): void {
  notify.reportsDeleted = true;
  if (statement.words.length === 0) return;
  const command = readCommand(reading, statement);
  if (command === undefined) return;
  checkCommand(reading, command);
  notify.deleted = command;
}
