/** What `duet doctor` reports. */
import type { IpAddress } from "../../base/ip.ts";
import type { Diagnostic } from "../../config/diagnostics.ts";
import type { Model } from "../../config/model.ts";
import type { ReplicationConfig } from "../../replication/config.ts";
import { findEntries } from "../catalogue.ts";
import { type CheckCode, explained } from "../finding.ts";
import type { DOCTOR_ENTRIES } from "./catalogue.ts";

/** Codes of live findings; those that are certain from files as well are shared with `duet check`. */
export type DoctorCode = keyof typeof DOCTOR_ENTRIES | CheckCode;

export interface DoctorFinding {
  readonly code: string;
  readonly severity: Diagnostic["severity"];
  /** The interface, rule, kernel parameter, file or instance that it is about. */
  readonly place: string;
  /** What is wrong here, with what was expected. */
  readonly message: string;
  /** Why it matters. */
  readonly why: string;
  /** What to run or to write, exactly. */
  readonly fix: string;
}

/** What the router should be like. */
export interface Expectation {
  readonly model: Model;
  readonly replication: ReplicationConfig | undefined;
  /** Own addresses of the other router, as far as the configuration tells. */
  readonly peers: readonly IpAddress[];
  /** Files that the router needs, the configuration first. */
  readonly files: readonly string[];
  /** What the readers of the configuration say of this router: programs, users, the secret. */
  readonly local: readonly Diagnostic[];
}

interface Details {
  readonly code: DoctorCode;
  readonly place: string;
  readonly message: string;
  /** The catalogue's unless given. */
  readonly fix?: string;
  /** The catalogue's unless given. */
  readonly severity?: Diagnostic["severity"];
}

/** A finding with the reasons of the catalogue. */
export function report({ code, place, message, fix, severity }: Details): DoctorFinding {
  const [entry] = findEntries(code);
  if (entry === undefined) throw new TypeError(`${code} is not in the catalogue`);
  return {
    code,
    severity: severity ?? entry.severity,
    place,
    message,
    why: entry.consequence,
    fix: fix ?? entry.fix,
  };
}

/** A finding of a reader, with the reasons of the catalogue. */
export function fromReader(diagnostic: Diagnostic): DoctorFinding {
  const { at, code, severity, message } = diagnostic;
  const { why, fix } = explained(diagnostic);
  return { code, severity, place: `${at.file}:${at.line}:${at.column}`, message, why, fix };
}
