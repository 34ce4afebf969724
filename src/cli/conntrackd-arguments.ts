/**
 * The command line of conntrackd(8) 1.4, read as its own client reads it, so that notify scripts go on working: of an
 * option only the first letter counts, the word after it may be abbreviated, the last command wins.
 */
import type { ControlRequest, RequestTables, StatsTopic } from "../replication/control-requests.ts";

/** Where conntrackd looks for its configuration unless `-C` names another file. */
const CONNTRACKD_CONF_DEFAULT = "/etc/conntrackd/conntrackd.conf";

export type ConntrackdInvocation =
  | { readonly type: "daemon"; readonly configFile: string; readonly background: boolean }
  | { readonly type: "request"; readonly configFile: string; readonly request: ControlRequest }
  | { readonly type: "help" }
  | { readonly type: "version" }
  /** `message` says what is wrong, for stderr before the help. The exit status is 1. */
  | { readonly type: "refused"; readonly message: string };

/** The options of the help, with what they take and do. */
export const CONNTRACKD_OPTIONS: readonly (readonly [option: string, meaning: string])[] = [
  ["-d", "run as a daemon, in the background"],
  ["-C FILE", `configuration file (default: ${CONNTRACKD_CONF_DEFAULT})`],
  ["-c [ct|expect]", "commit the external cache to the kernel"],
  ["-f [internal|external]", "empty the internal cache, the external one, or both"],
  ["-F [ct|expect]", "delete the flows of the kernel that the filter lets pass"],
  ["-R [ct|expect]", "read the tables of the kernel again"],
  ["-B", "send all own flows to the peer"],
  ["-n", "ask the peer for all its flows"],
  ["-t", "purge the table of the kernel when PurgeTimeout is over"],
  ["-s [network|cache|runtime|link|rsqueue|process|queue|ct|expect]", "print statistics"],
  ["-i [ct|expect] [-x]", "print the internal cache, with -x as XML"],
  ["-e [ct|expect] [-x]", "print the external cache, with -x as XML"],
  ["-k", "end the daemon"],
  ["-v", "print the version"],
  ["-h", "print this help"],
];

type Words<Value> = readonly (readonly [word: string, value: Value])[];

const TABLE_WORDS: Words<"flows" | "expectations"> = [
  ["ct", "flows"],
  ["expect", "expectations"],
];

// Abbreviations are tried in this order: `-s c` is cache, `-s r` is runtime.
const STATS_WORDS: Words<StatsTopic> = [
  ["network", "network"],
  ["cache", "cache"],
  ["runtime", "runtime"],
  ["link", "link"],
  ["rsqueue", "rsqueue"],
  ["process", "process"],
  ["queue", "queue"],
  ["ct", "general"],
  ["expect", "expect"],
];

const CACHE_WORDS: Words<"internal" | "external"> = [
  ["internal", "internal"],
  ["external", "external"],
];

/** What an option asks for: a request, or what is wrong with the word after it. */
type Asked = ControlRequest | { readonly type: "refused"; readonly message: string };

type Command = (word: string | undefined) => Asked;

/** A command that acts on the tables that the word after it names, on all without a word. */
const onTables =
  (option: string, request: (tables: RequestTables) => ControlRequest): Command =>
  (word) =>
    select(option, word, TABLE_WORDS, (table) => request(table ?? "all"));

const lists =
  (option: string, cache: "internal" | "external"): Command =>
  (word) =>
    select(option, word, TABLE_WORDS, (table = "flows") => ({
      type: "list",
      cache,
      table,
      format: "text",
    }));

const alone =
  (option: string, request: ControlRequest): Command =>
  (word) =>
    word === undefined
      ? request
      : { type: "refused", message: `${option} takes no word, not "${word}"` };

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["c", onTables("-c", (tables) => ({ type: "commit", tables }))],
  ["F", onTables("-F", (tables) => ({ type: "flush-kernel", tables }))],
  ["R", onTables("-R", (tables) => ({ type: "resync-kernel", tables }))],
  [
    "f",
    (word) =>
      select("-f", word, CACHE_WORDS, (cache) =>
        cache === undefined
          ? { type: "flush", cache: "both", tables: "all" }
          : { type: "flush", cache, tables: "flows" },
      ),
  ],
  ["i", lists("-i", "internal")],
  ["e", lists("-e", "external")],
  [
    "s",
    (word) => select("-s", word, STATS_WORDS, (topic = "general") => ({ type: "stats", topic })),
  ],
  ["B", alone("-B", { type: "send" })],
  ["n", alone("-n", { type: "request-resync" })],
  ["t", alone("-t", { type: "schedule-purge" })],
  ["k", alone("-k", { type: "kill" })],
]);

function select<Value>(
  option: string,
  word: string | undefined,
  words: Words<Value>,
  request: (value: Value | undefined) => ControlRequest,
): Asked {
  if (word === undefined) return request(undefined);
  const found = words.find(([known]) => known.startsWith(word));
  if (found !== undefined) return request(found[1]);
  const known = words.map(([name]) => name).join(", ");
  return { type: "refused", message: `${option} knows ${known}, not "${word}"` };
}

interface Parsed {
  configFile: string;
  background: boolean;
  request: ControlRequest | undefined;
}

/** One option, and the word after it unless that is an option itself. */
interface Option {
  readonly text: string;
  /** Empty when it is no option at all. */
  readonly letter: string;
  readonly word: string | undefined;
}

/**
 * Reads the words after the program's name. Unlike conntrackd it refuses `-C` without a file, which would start a daemon
 * there, and whatever else it does not understand counts as an error.
 */
export function parseConntrackdArguments(argv: readonly string[]): ConntrackdInvocation {
  const parsed: Parsed = {
    configFile: CONNTRACKD_CONF_DEFAULT,
    background: false,
    request: undefined,
  };
  let before: Option | undefined;
  for (const option of splitOptions(argv)) {
    if (option.letter === "v") return { type: "version" };
    if (option.letter === "h") return { type: "help" };
    const message = readOption(option, before, parsed);
    if (message !== undefined) return { type: "refused", message };
    before = option;
  }
  return conclude(parsed);
}

function splitOptions(argv: readonly string[]): readonly Option[] {
  const options: Option[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const text = argv[at] ?? "";
    const letter = text.startsWith("-") ? text.charAt(1) : "";
    const next = argv[at + 1];
    const word = letter === "" || next?.startsWith("-") === true ? undefined : next;
    options.push({ text, letter, word });
    if (word !== undefined) at += 1;
  }
  return options;
}

/** What is wrong with one option and the word after it, if anything. */
function readOption(
  option: Option,
  before: Option | undefined,
  parsed: Parsed,
): string | undefined {
  const { text, letter, word } = option;
  if (letter === "C") return readConfigFile(word, parsed);
  if (letter === "x") return readXml(option, before, parsed);
  if (letter === "d") {
    parsed.background = true;
    return word === undefined ? undefined : `-d takes no word, not "${word}"`;
  }
  const command = COMMANDS.get(letter);
  if (command === undefined) return `there is no option "${text}"`;
  const asked = command(word);
  if (asked.type === "refused") return asked.message;
  parsed.request = asked;
  return undefined;
}

function readConfigFile(word: string | undefined, parsed: Parsed): string | undefined {
  if (word === undefined || word === "") return "-C lacks the name of the configuration file";
  parsed.configFile = word;
  return undefined;
}

function readXml({ word }: Option, before: Option | undefined, parsed: Parsed): string | undefined {
  const { request } = parsed;
  const follows = before?.letter === "i" || before?.letter === "e";
  if (!follows || request?.type !== "list") return "-x stands right after -i or -e and the table";
  parsed.request = { ...request, format: "xml" };
  return word === undefined ? undefined : `-x takes no word, not "${word}"`;
}

function conclude({ configFile, background, request }: Parsed): ConntrackdInvocation {
  if (request === undefined) return { type: "daemon", configFile, background };
  if (!background) return { type: "request", configFile, request };
  return { type: "refused", message: "-d starts a daemon and cannot stand beside a command" };
}
