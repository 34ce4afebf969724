/** The keywords outside all blocks, and what a file leaves behind until it is complete. */
import type {
  InstanceConfig,
  VirtualAddress,
  VirtualRoute,
  VirtualRule,
} from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import { placeAddress, readAddressLine } from "./addresses.ts";
import { AUTH_HMAC, AUTHENTICATION } from "./authentication.ts";
import { completeInstance } from "./complete-instance.ts";
import type { Globals } from "./globals.ts";
import { GLOBALS } from "./globals.ts";
import type { GroupDraft } from "./group.ts";
import { GROUP, newGroup } from "./group.ts";
import { INSTANCE } from "./instance.ts";
import type { InstanceDraft } from "./instance-draft.ts";
import { newInstance } from "./instance-draft.ts";
import type { PlacedDelay, Spacing } from "./interfaces.ts";
import { GARP_GROUP, readGarpGroup, readLinkDelays } from "./interfaces.ts";
import type { Keyword, Reading, Table } from "./reading.ts";
import { admit, keyword, parseForm, readBlock, reportUnknown, unsupported } from "./reading.ts";
import { readRouteLine } from "./routes.ts";
import { Preferences, readRuleLine } from "./rules.ts";
import type { DefinedTracker } from "./trackers.ts";
import { FILE, PROCESS, readFileTracker, readProcess, readScript, SCRIPT } from "./trackers.ts";
import type { Shape, Statement } from "./tree.ts";
import { readInterface } from "./values.ts";

/** An instance, and its configuration unless something mandatory is missing. */
interface ReadInstance {
  readonly draft: InstanceDraft;
  readonly config: InstanceConfig | undefined;
}

export interface FileDraft {
  readonly globals: Globals;
  readonly trackers: Map<string, DefinedTracker>;
  readonly instances: Map<string, ReadInstance>;
  readonly groups: Map<string, GroupDraft>;
  readonly addresses: VirtualAddress[];
  readonly routes: VirtualRoute[];
  readonly rules: VirtualRule[];
  readonly spacing: Map<string, Spacing>;
  readonly delays: PlacedDelay[];
  readonly preferences: Preferences;
  readonly macInterfaces: Set<string>;
}

export const newFileDraft = (globals: Globals): FileDraft => ({
  globals,
  trackers: new Map(),
  instances: new Map(),
  groups: new Map(),
  addresses: [],
  routes: [],
  rules: [],
  spacing: new Map(),
  delays: [],
  preferences: new Preferences(),
  macInterfaces: new Set(),
});

/** Globals and definitions come first wherever they stand, so that order in the file does not matter. */
export type Pass = "globals" | "definitions" | "rest";

interface TopKeyword extends Keyword<FileDraft> {
  readonly pass: Pass;
}

const inPass = (pass: Pass, entry: Keyword<FileDraft>): TopKeyword => ({ ...entry, pass });

/** A block with a name; a second one of that name is reported and left out. */
function named(
  name: string,
  doc: string,
  read: (reading: Reading, statement: Statement, draft: FileDraft, title: string) => void,
  taken: (draft: FileDraft, title: string) => Position | undefined,
): Keyword<FileDraft> {
  return keyword(name, "NAME { … }", { doc }, (reading, statement, draft) => {
    const [word] = statement.words;
    if (word === undefined) return;
    const before = taken(draft, word.text);
    if (before === undefined) {
      read(reading, statement, draft, word.text);
      return;
    }
    const message = `there is a ${name} ${word.text} in line ${before.line} already: give this one another name`;
    reading.findings.error(word.at, "name-duplicate", message);
  });
}

type TrackerReader = (
  reading: Reading,
  statement: Statement,
  name: string,
) => DefinedTracker | undefined;

function tracker(
  name: string,
  type: "script" | "file" | "process",
  doc: string,
  read: TrackerReader,
): TopKeyword {
  const block = named(
    name,
    doc,
    (reading, statement, { trackers }, title) => {
      const defined = read(reading, statement, title);
      if (defined !== undefined) trackers.set(`${type}:${title}`, defined);
    },
    ({ trackers }, title) => trackers.get(`${type}:${title}`)?.at,
  );
  return inPass("definitions", block);
}

function readInstance(
  reading: Reading,
  { keyword: { at }, block }: Statement,
  draft: FileDraft,
  name: string,
): void {
  const instance = newInstance(name, at);
  readBlock(reading, INSTANCE, { owner: `vrrp_instance ${name}`, block, draft: instance });
  draft.instances.set(name, {
    draft: instance,
    config: completeInstance(reading, instance, draft),
  });
}

function readGroup(
  reading: Reading,
  { keyword: { at }, block }: Statement,
  { groups }: FileDraft,
  name: string,
): void {
  const group = newGroup(name, at);
  readBlock(reading, GROUP, { owner: `vrrp_sync_group ${name}`, block, draft: group });
  groups.set(name, group);
}

function readStaticAddresses(reading: Reading, { block }: Statement, draft: FileDraft): void {
  for (const statement of block?.statements ?? []) {
    const line = readAddressLine(reading, statement);
    if (line === undefined) continue;
    const { defaultInterface } = draft.globals;
    if (line.interface === undefined)
      readInterface(reading, { ...statement.keyword, text: defaultInterface });
    draft.addresses.push(placeAddress(reading, line, defaultInterface));
  }
}

function readStaticRoutes(reading: Reading, { block }: Statement, { routes }: FileDraft): void {
  for (const statement of block?.statements ?? []) {
    const route = readRouteLine(reading, statement);
    if (route !== undefined) routes.push(route);
  }
}

function readStaticRules(reading: Reading, { block }: Statement, draft: FileDraft): void {
  for (const statement of block?.statements ?? []) {
    const rule = readRuleLine(reading, statement, draft.preferences, 4);
    if (rule !== undefined) draft.rules.push(rule);
  }
}

const BLOCKS: readonly TopKeyword[] = [
  inPass(
    "globals",
    keyword("global_defs", "{ … }", { doc: "What holds for all." }, (reading, { block }, draft) =>
      readBlock(reading, GLOBALS, { owner: "global_defs", block, draft: draft.globals }),
    ),
  ),
  inPass(
    "rest",
    named(
      "vrrp_instance",
      "A virtual router.",
      readInstance,
      ({ instances }, title) => instances.get(title)?.draft.at,
    ),
  ),
  inPass(
    "rest",
    named(
      "vrrp_sync_group",
      "Instances that move together.",
      readGroup,
      ({ groups }, title) => groups.get(title)?.at,
    ),
  ),
  tracker("vrrp_script", "script", "A program whose exit status is tracked.", readScript),
  tracker("track_file", "file", "A file whose number is tracked.", readFileTracker),
  tracker("vrrp_track_file", "file", "The old name of track_file.", readFileTracker),
  tracker("vrrp_track_process", "process", "Processes that are counted.", readProcess),
  inPass(
    "definitions",
    keyword(
      "garp_group",
      "{ … }",
      { doc: "Spacing of announcements on interfaces." },
      (reading, statement, { spacing }) => readGarpGroup(reading, statement, spacing),
    ),
  ),
  inPass(
    "definitions",
    keyword(
      "interface_up_down_delays",
      "{ … }",
      {
        doc: "How long a change of an interface must last, one line each: INTERFACE DOWN [UP] in seconds.",
      },
      (reading, statement, { delays }) => readLinkDelays(reading, statement, delays),
    ),
  ),
  inPass(
    "rest",
    keyword("static_ipaddress", "{ … }", { doc: "Addresses to hold always." }, readStaticAddresses),
  ),
  inPass(
    "rest",
    keyword("static_routes", "{ … }", { doc: "Routes to hold always." }, readStaticRoutes),
  ),
  inPass(
    "rest",
    keyword(
      "static_rules",
      "{ … }",
      { doc: "Routing policy rules to hold always." },
      readStaticRules,
    ),
  ),
];

const WITHOUT_EFFECT: readonly TopKeyword[] = [
  unsupported<FileDraft>("bfd_instance", "NAME { … }", "BFD sessions."),
  unsupported<FileDraft>("track_group", "NAME { … }", "Instances that depend on static objects."),
  unsupported<FileDraft>("linkbeat_interfaces", "{ … }", "Link detection by polling."),
  unsupported<FileDraft>("linkbeat_use_polling", "", "Link detection by polling."),
  unsupported<FileDraft>(
    "net_namespace",
    "NAME",
    "Start the daemon in the namespace with ip netns exec.",
  ),
  unsupported<FileDraft>("net_namespace_ipvs", "NAME", "LVS."),
  unsupported<FileDraft>("namespace_with_ipsets", "", "LVS."),
  unsupported<FileDraft>("instance", "NAME", "Names of process and dump files."),
  unsupported<FileDraft>("use_pid_dir", "", "Names of process and dump files."),
  unsupported<FileDraft>("child_wait_time", "SECONDS", "Processes of keepalived."),
  unsupported<FileDraft>("virtual_server", "[…] { … }", "LVS."),
  unsupported<FileDraft>("virtual_server_group", "NAME { … }", "LVS."),
  unsupported<FileDraft>("SSL", "{ … }", "LVS."),
].map((entry) => inPass("rest", entry));

export const TOP: readonly TopKeyword[] = [...BLOCKS, ...WITHOUT_EFFECT];

/** Reads the statements of one pass. What nobody knows is reported in the last. */
export function readTop(
  reading: Reading,
  statements: readonly Statement[],
  pass: Pass,
  draft: FileDraft,
): void {
  for (const statement of statements) {
    const { text } = statement.keyword;
    const found = TOP.find(({ name }) => name === text);
    if (found === undefined && pass === "rest") reportUnknown(reading, statement, "the file", TOP);
    if (found?.pass === pass && admit(reading, found, statement))
      found.read?.(reading, statement, draft);
  }
}

/** The tables of all blocks by the keyword that opens them, for the reference and for braces that are missing. */
export const TABLES: Readonly<
  Record<string, readonly Pick<Keyword<never>, "name" | "form" | "doc" | "initial" | "support">[]>
> = {
  global_defs: GLOBALS,
  vrrp_instance: INSTANCE,
  authentication: AUTHENTICATION,
  auth_hmac: AUTH_HMAC,
  vrrp_sync_group: GROUP,
  vrrp_script: SCRIPT,
  track_file: FILE,
  vrrp_track_process: PROCESS,
  garp_group: GARP_GROUP,
};

const INNER: ReadonlySet<string> = new Set(
  Object.values(TABLES).flatMap((table) => table.map(({ name }) => name)),
);

export const SHAPE: Shape = {
  expectsBlock: (parent, name) => {
    const tables: Readonly<Record<string, Table<never> | undefined>> = TABLES as never;
    const table = parent === undefined ? TOP : Object.hasOwn(TABLES, parent) ? tables[parent] : [];
    const found = table?.find((entry) => entry.name === name);
    return found !== undefined && parseForm(found.form).block;
  },
  belongsOutside: (name) =>
    !INNER.has(name) && TOP.some((entry) => entry.name === name && parseForm(entry.form).block),
};
