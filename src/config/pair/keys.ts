/** The whole of duet.yaml as keys: the one source of the reader, the schema and the reference. */
import type { Prefix } from "../../base/ip.ts";
import { type Duration, seconds } from "../../base/time.ts";
import { COMMAND } from "./commands.ts";
import { FENCING } from "./defaults.ts";
import {
  ELECTION_KEYS,
  type ElectionKeys,
  TRACKING_KEYS,
  type TrackingKeys,
} from "./election-keys.ts";
import { type Kind, oneOrMore, shapes } from "./kinds.ts";
import { type Draft, type Fields, type Named, named, record } from "./maps.ts";
import { NETWORK_KEYS, type NetworkKeys } from "./network-keys.ts";
import type { Many } from "./reading.ts";
import { REPLICATION_KEYS, type ReplicationKeys } from "./replication-keys.ts";
import { BOOLEAN, duration, either, HOST_PREFIX, NAME, OFF, PATH } from "./scalars.ts";
import { durationText } from "./units.ts";

const NETWORKS_MAX = 512;

export interface HookKeys {
  readonly active: readonly string[];
  readonly backup: readonly string[];
  readonly fault: readonly string[];
  readonly stop: readonly string[];
}

const hook = (doc: string): { kind: Kind<readonly string[]>; doc: string; initial: string } => ({
  kind: COMMAND,
  doc,
  initial: "none",
});

export const HOOK_KEYS: Fields<HookKeys> = {
  active: hook("Runs when this router has taken the role."),
  backup: hook("Runs when it listens."),
  fault: hook("Runs when something that it needs has failed."),
  stop: hook("Runs when the daemon ends."),
};

/** Own addresses of a router by network name. */
type RouterAddresses = Named<Many<Prefix>>;

export interface FileKeys {
  readonly pair: string;
  readonly "secret-file": string;
  readonly routers: Named<RouterAddresses>;
  readonly networks: Named<Draft<NetworkKeys>>;
  readonly vrrp: Draft<ElectionKeys>;
  readonly track: Draft<TrackingKeys>;
  readonly replication: boolean | Draft<ReplicationKeys>;
  readonly hooks: Draft<HookKeys>;
  readonly fencing: false | Duration;
}

const FENCING_TIME: Kind<Duration> = duration({
  min: seconds(2),
  max: seconds(60),
  step: seconds(1),
});

export const FILE_KEYS: Fields<FileKeys> = {
  pair: { kind: NAME, doc: "Name of the pair.", initial: undefined },
  "secret-file": {
    kind: PATH,
    doc: "File that authentication is made from: the same on both routers, readable by root only.",
    initial: "none",
  },
  routers: {
    kind: named(
      named(oneOrMore(HOST_PREFIX, "a list of such addresses", { max: 16 }), {
        form: "a map from network names to this router's own addresses there",
        max: NETWORKS_MAX,
      }),
      {
        form: "a map from the names of both routers to their own addresses, { lan: 192.168.1.2/24, … }",
        min: 2,
        max: 2,
      },
    ),
    doc: "Both routers by name, with their own addresses by network: at most one a family where there are virtual addresses.",
    initial: undefined,
  },
  networks: {
    kind: named(record(NETWORK_KEYS, "a map such as { interface: eth0, address: 192.0.2.1/24 }"), {
      form: "a map from names to networks",
      min: 1,
      max: NETWORKS_MAX,
    }),
    doc: "The networks that both routers are on, by name.",
    initial: undefined,
  },
  vrrp: {
    kind: record(ELECTION_KEYS, "a map of settings of the election"),
    doc: "How the active router is elected.",
    initial: "see there",
  },
  track: {
    kind: record(TRACKING_KEYS, "a map with interfaces and checks"),
    doc: "What else must be well for a router to be active.",
    initial: "nothing",
  },
  replication: {
    kind: shapes({
      scalar: BOOLEAN,
      map: record(REPLICATION_KEYS, "a map of settings of the replication"),
    }),
    doc: "Connections are known to both routers, so that they go on after a takeover.",
    initial: "true",
  },
  hooks: {
    kind: record(HOOK_KEYS, "a map with active, backup, fault and stop"),
    doc: "Programs that run at changes of the role; a command line or a list of its words, without a shell.",
    initial: "none",
  },
  fencing: {
    kind: either(OFF, /^(?:false|no|off|none)$/i, FENCING_TIME),
    doc: "Virtual addresses vanish so long after the daemon has died or hangs.",
    initial: durationText(FENCING),
  },
};

export const FILE: Kind<Draft<FileKeys>> = record(
  FILE_KEYS,
  "a map with pair, routers and networks",
);
