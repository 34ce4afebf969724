/** Keys of duet.yaml about the election: vrrp and track. */
import { type Duration, milliseconds, NO_TIME, seconds } from "../../base/time.ts";
import { COMMAND } from "./commands.ts";
import { ELECTION, INTERVAL_STEP, PRIORITY, QUORUM, SCRIPT_CHECK } from "./defaults.ts";
import { type Kind, list, mapped, shapes } from "./kinds.ts";
import { type Draft, type Fields, type Named, named, record } from "./maps.ts";
import type { Many } from "./reading.ts";
import { BOOLEAN, duration, INTERFACE_NAME, integer, NAME, oneOf, PATH, WORD } from "./scalars.ts";
import { durationText } from "./units.ts";

interface PassKeys {
  readonly pass: string;
}

const PASS_KEYS: Fields<PassKeys> = {
  pass: { kind: WORD, doc: "Password of PASS, at most 8 bytes.", initial: undefined },
};

export interface ElectionKeys {
  readonly version: 2 | 3;
  readonly interval: Duration;
  readonly preempt: boolean;
  readonly "preempt-delay": Duration;
  readonly priority: Named<number>;
  readonly authentication: "none" | "pass" | "hmac" | Draft<PassKeys>;
  readonly transport: "multicast" | "unicast";
  readonly together: boolean;
  readonly group: string;
}

const VERSION: Kind<2 | 3> = mapped(integer(2, 3), (version) => (version === 2 ? 2 : 3));
const INTERVAL_MAX = seconds(255);
const HOUR = seconds(3_600);

export const ELECTION_KEYS: Fields<ElectionKeys> = {
  version: {
    kind: VERSION,
    doc: "Version of VRRP for IPv4; IPv6 always has version 3.",
    initial: String(ELECTION.version),
  },
  interval: {
    kind: duration({ min: INTERVAL_STEP, max: INTERVAL_MAX }),
    doc: "From one advertisement to the next. Version 2: 1s to 255s in whole seconds; version 3: 10ms to 40.95s in steps of 10ms.",
    initial: durationText(ELECTION.interval),
  },
  preempt: {
    kind: BOOLEAN,
    doc: "A router with a higher priority takes the role from one that works.",
    initial: String(ELECTION.preempt),
  },
  "preempt-delay": {
    kind: duration({ min: NO_TIME, max: seconds(1_000), step: milliseconds(1) }),
    doc: "How long after its start it waits with that.",
    initial: durationText(ELECTION.preemptDelay),
  },
  priority: {
    kind: named(integer(1, 255), { form: "a map from router names to 1 to 255", max: 2 }),
    doc: "The higher one becomes active; 255 is for the owner of the virtual addresses.",
    initial: `${PRIORITY} on both`,
  },
  authentication: {
    kind: shapes({
      scalar: oneOf("none", "pass", "hmac"),
      map: record(PASS_KEYS, "{ pass: TEXT }"),
    }),
    doc: "`pass` (version 2) sends a clear-text password, from the secret file or as { pass: TEXT }; `hmac` (version 3) signs advertisements with a key made from the secret file.",
    initial: "none",
  },
  transport: {
    kind: oneOf("multicast", "unicast"),
    doc: "`unicast` sends advertisements to the other router's address only.",
    initial: "multicast",
  },
  together: {
    kind: BOOLEAN,
    doc: "All networks move to the other router together.",
    initial: String(ELECTION.together),
  },
  group: { kind: NAME, doc: "Name of the group that moves together.", initial: "the pair's name" },
};

const WEIGHT_MAX = 254;
const CHECK_WEIGHT_MAX = 253;

export interface TrackedInterfaceKeys {
  readonly interface: string;
  readonly weight: number;
}

const WEIGHT_DOC = "What it adds to the priority (or takes from it); 0: its failure is a fault.";

export const TRACKED_INTERFACE_KEYS: Fields<TrackedInterfaceKeys> = {
  interface: { kind: INTERFACE_NAME, doc: "Name of the interface.", initial: undefined },
  weight: { kind: integer(-WEIGHT_MAX, WEIGHT_MAX), doc: WEIGHT_DOC, initial: "0" },
};

export interface CheckKeys {
  readonly run: readonly string[];
  readonly file: string;
  readonly process: string;
  readonly weight: number;
  readonly user: string;
  readonly interval: Duration;
  readonly timeout: Duration;
  readonly rise: number;
  readonly fall: number;
  readonly quorum: number;
}

const CHECK_TIME: Kind<Duration> = duration({
  min: milliseconds(100),
  max: HOUR,
  step: milliseconds(1),
});
const COUNT: Kind<number> = integer(1, 1_000);

export const CHECK_KEYS: Fields<CheckKeys> = {
  run: { kind: COMMAND, doc: "A program; exit status 0 is success.", initial: "none" },
  file: {
    kind: PATH,
    doc: "A file with a number, which counts times the weight.",
    initial: "none",
  },
  process: { kind: WORD, doc: "Name of a program that runs.", initial: "none" },
  weight: { kind: integer(-CHECK_WEIGHT_MAX, CHECK_WEIGHT_MAX), doc: WEIGHT_DOC, initial: "0" },
  user: { kind: WORD, doc: "As whom the program runs.", initial: "as the daemon does" },
  interval: {
    kind: CHECK_TIME,
    doc: "From one run to the next.",
    initial: durationText(SCRIPT_CHECK.interval),
  },
  timeout: {
    kind: CHECK_TIME,
    doc: "A run that takes longer is ended and has failed.",
    initial: durationText(SCRIPT_CHECK.timeout),
  },
  rise: {
    kind: COUNT,
    doc: "Successes in a row that bring it up.",
    initial: String(SCRIPT_CHECK.rise),
  },
  fall: {
    kind: COUNT,
    doc: "Failures in a row that bring it down.",
    initial: String(SCRIPT_CHECK.fall),
  },
  quorum: { kind: COUNT, doc: "How many processes must run.", initial: String(QUORUM) },
};

export interface TrackingKeys {
  readonly interfaces: Many<string | Draft<TrackedInterfaceKeys>>;
  readonly checks: Named<Draft<CheckKeys>>;
}

export const TRACKING_KEYS: Fields<TrackingKeys> = {
  interfaces: {
    kind: list(
      shapes({
        scalar: INTERFACE_NAME,
        map: record(TRACKED_INTERFACE_KEYS, "{ interface: NAME, weight: NUMBER }"),
      }),
      "a list of interface names, or of { interface: NAME, weight: NUMBER }",
      { max: 64 },
    ),
    doc: "Interfaces beyond those of the networks that must be up.",
    initial: "none",
  },
  checks: {
    kind: named(record(CHECK_KEYS, "a map with run, file or process"), {
      form: "a map from names to checks",
      max: 64,
    }),
    doc: "What else must be well, by name.",
    initial: "none",
  },
};
