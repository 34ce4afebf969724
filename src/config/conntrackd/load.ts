/**
 * conntrackd.conf(5) of conntrackd 1.4 into a replication configuration: text, words, statements by the tables of their
 * blocks, then what the statements must agree on. All findings are told at once.
 */
import type { ReplicationConfig } from "../../replication/config.ts";
import { deepFreeze } from "../deep-freeze.ts";
import type { Diagnostic, Position } from "../diagnostics.ts";
import { Findings } from "../findings.ts";
import type { Environment, FileSource } from "../source.ts";
import { completeReplication } from "./complete.ts";
import { Parser } from "./parser.ts";
import { ProtocolNames } from "./protocols.ts";
import { type FileDraft, homesOf, newFileDraft, successorOf, TOP } from "./top.ts";

/** All findings, and a configuration unless one of them is an error. */
export interface LoadedReplication {
  readonly config: ReplicationConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The one file that was read. */
  readonly files: readonly string[];
}

/** Reads a configuration. `path` is the one it is known by in findings. Of `source` /etc/protocols is read, too. */
export function loadConntrackdConf(
  path: string,
  source: FileSource,
  environment: Environment,
): LoadedReplication {
  const findings = new Findings();
  const config = load(path, source, { findings, environment });
  return {
    config: findings.hasErrors || config === undefined ? undefined : deepFreeze(config),
    diagnostics: findings.sorted([path]),
    files: [path],
  };
}

function load(
  path: string,
  source: FileSource,
  { findings, environment }: { findings: Findings; environment: Environment },
): ReplicationConfig | undefined {
  const start: Position = { file: path, line: 1, column: 1 };
  const file = source.read(path);
  if (!file.ok) {
    findings.error(start, "file-unreadable", `the file cannot be read: ${file.reason}`);
    return undefined;
  }
  const protocols = new ProtocolNames(source);
  const context = { findings, environment, protocols, homesOf, successorOf };
  const draft = newFileDraft();
  new Parser(path, file.text, context).readFile(TOP, draft);
  return complete(draft, start, { findings, environment });
}

function complete(
  { sync, general, stats }: FileDraft,
  start: Position,
  completion: { findings: Findings; environment: Environment },
): ReplicationConfig | undefined {
  const { findings } = completion;
  if (sync === undefined) {
    const wanted = stats === undefined ? "" : ", and Duet does not collect statistics";
    const message = `there is no Sync section, so there is nothing to replicate${wanted}: write Sync { Mode FTFW { } UDP { … } }`;
    // What is misspelt or not closed was said already, and is the reason.
    if (!findings.hasErrors) findings.error(stats ?? start, "section-missing", message);
    return undefined;
  }
  if (stats !== undefined) {
    const message = `Stats cannot stand beside Sync in line ${sync.at.line}: remove one of them`;
    findings.error(stats, "section-conflict", message);
  }
  return completeReplication(completion, sync, general);
}
