/** The sections, and all blocks by the name under which the reference lists them. */
import type { Position } from "../diagnostics.ts";
import { MULTICAST, TCP, UDP } from "./channels.ts";
import { ADDRESS, FILTER } from "./filter.ts";
import { GENERAL, type GeneralDraft, newGeneral, SCHEDULER, UNIX } from "./general.ts";
import { type Keyword, keyword, type Table } from "./parser.ts";
import { ALARM, FTFW, NOTRACK, newSync, OPTIONS, SYNC, type SyncDraft } from "./sync.ts";

export interface FileDraft {
  sync: SyncDraft | undefined;
  readonly general: GeneralDraft;
  /** Where statistics were asked for. */
  stats: Position | undefined;
}

export const newFileDraft = (): FileDraft => ({
  sync: undefined,
  general: newGeneral(),
  stats: undefined,
});

/** A section that is passed over as a whole, with one warning. */
const unsupported = (
  name: string,
  doc: string,
  note: (draft: FileDraft, at: Position) => void = () => {},
): Keyword<FileDraft> =>
  keyword(name, "{ … }", { doc, support: "unsupported" }, (parser, { at }, draft) => {
    note(draft, at);
    if (parser.peek().type !== "open") {
      const message = `${name} needs a block: add { after it and } at the end of the block`;
      parser.findings.error(at, "brace-missing", message);
      return;
    }
    parser.skipBlock();
    parser.findings.warn(
      at,
      "not-supported",
      `not supported: ${name} is accepted and has no effect`,
    );
  });

export const TOP: Table<FileDraft> = [
  keyword("Sync", "{ … }", { doc: "Replication." }, (parser, word, draft) => {
    draft.sync ??= newSync(word.at);
    parser.readBlock(word, "Sync", SYNC, draft.sync);
  }),
  keyword("General", "{ … }", { doc: "Everything else." }, (parser, word, draft) =>
    parser.readBlock(word, "General", GENERAL, draft.general),
  ),
  unsupported("Stats", "Statistics of flows that ended.", (draft, at) => {
    draft.stats ??= at;
  }),
  unsupported("Helper", "Connection tracking helpers in user space."),
];

/** Every block with a table, by what it is called in findings and in the reference. */
export const TABLES: Readonly<Record<string, Table<never>>> = {
  Sync: SYNC,
  "Mode FTFW": FTFW,
  "Mode NOTRACK": NOTRACK,
  "Mode ALARM": ALARM,
  Multicast: MULTICAST,
  UDP,
  TCP,
  Options: OPTIONS,
  General: GENERAL,
  UNIX,
  Filter: FILTER,
  Address: ADDRESS,
  Scheduler: SCHEDULER,
};

const HOMES: ReadonlyMap<string, readonly string[]> = collectHomes();

function collectHomes(): ReadonlyMap<string, readonly string[]> {
  const homes = new Map<string, string[]>();
  for (const [block, table] of Object.entries(TABLES))
    for (const { name, deprecated } of table)
      if (!deprecated) homes.set(name, [...(homes.get(name) ?? []), block]);
  for (const { name } of TOP) homes.set(name, ["the file, outside all blocks"]);
  return homes;
}

/** The blocks that `name` is a keyword of, old places aside. */
export const homesOf = (name: string): readonly string[] => HOMES.get(name) ?? [];

/** Keywords that conntrackd had before 1.0, and what took their place. */
const SUCCESSORS: ReadonlyMap<string, string> = new Map([
  ["IgnoreTrafficFor", "write General { Filter { Address Ignore { … } } }"],
  ["IgnoreProtocol", "write General { Filter { Protocol Ignore { … } } }"],
  ["Replicate", "write General { Filter { State Accept { … for TCP } } }"],
  ["ResendBufferSize", "write ResendQueueSize"],
  ["McastSndSocketBuffer", "write SndSocketBuffer"],
  ["McastRcvSocketBuffer", "write RcvSocketBuffer"],
  ["CacheWriteThrough", "write DisableExternalCache"],
  ["Family", "remove it, both families are replicated"],
  ["StripNAT", "remove it, NAT is always replicated"],
  ["DelayDestroyMessages", "remove it"],
  ["RelaxTransitions", "remove it"],
  ["ListenTo", "write IPv4_address in a UDP block"],
]);

export const successorOf = (name: string): string | undefined => SUCCESSORS.get(name);
