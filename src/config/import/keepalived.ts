/** What a keepalived.conf says of one router, in the words of the pair. */

import { parseHex } from "../../base/hex.ts";
import { ipFamily, type Prefix } from "../../base/ip.ts";
import type { Authentication, InstanceConfig, VirtualAddress } from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import type { Command, Model, NotifyConfig, TrackerConfig } from "../model.ts";
import { trackerKey } from "../model.ts";
import { NOTIFY_SCRIPT } from "../pair/defaults.ts";
import type { NotCarried, PairCheck, PairHooks } from "../pair/model.ts";
import type { Found, GroupFacts, InstanceFacts, RouterFacts } from "./facts.ts";

/** Programs that only move the state of connections with conntrackd's client. */
const MOVES_STATE = /conntrack|primary-backup/;
const DEFAULT_ROUTE_BITS = 0;

/** `files` are those that the model was read from, the first one first. */
export function keepalivedFacts(model: Model, files: readonly string[]): RouterFacts {
  const start: Position = { file: files[0] ?? "", line: 1, column: 1 };
  const at = (name: string): Position => model.positions[name] ?? start;
  const { hooks, notCarried } = hooksOf(model, start);
  return {
    files,
    name: model.routerId === "" ? undefined : { value: model.routerId, at: start },
    networks: [],
    instances: model.vrrp.instances.map((instance) => instanceFacts(instance, at(instance.name))),
    groups: model.vrrp.groups.map(
      ({ name, members }): GroupFacts => ({ name, members, at: at(name) }),
    ),
    checks: checksOf(model, start),
    replication: undefined,
    hooks,
    notCarried,
  };
}

function instanceFacts(instance: InstanceConfig, at: Position): InstanceFacts {
  const found = <T>(value: T): Found<T> => ({ value, at });
  const { transport, source, tracking } = instance;
  return {
    name: instance.name,
    at,
    interface: instance.interface,
    version: found(instance.version),
    vrid: found(instance.vrid),
    priority: found(instance.priority),
    interval: found(instance.interval),
    preempt: found(instance.preempt),
    preemptDelay: found(instance.preemptDelay),
    authentication: found(authenticationOf(instance.authentication)),
    source: source === undefined ? undefined : found(source),
    unicastPeers:
      transport.type === "unicast" ? transport.peers.map(({ address }) => found(address)) : [],
    addresses: instance.addresses.map((address) => found(prefixOf(address))),
    unadvertised: instance.excluded.map((address) => found(prefixOf(address))),
    gateways: gatewaysOf(instance).map(found),
    trackedInterfaces: tracking.flatMap(({ tracker, weight }) => {
      const name = nameOf(tracker, "interface");
      return name === undefined ? [] : [found({ name, weight })];
    }),
    checks: tracking.flatMap(({ tracker }) =>
      tracker.startsWith("interface:") ? [] : [tracker.slice(tracker.indexOf(":") + 1)],
    ),
  };
}

const prefixOf = ({ spec }: VirtualAddress): Prefix => ({
  address: spec.address,
  length: spec.prefixLength,
});

const nameOf = (tracker: string, type: string): string | undefined =>
  tracker.startsWith(`${type}:`) ? tracker.slice(type.length + 1) : undefined;

/** Default routes in the main table by one next hop on the instance's own interface. */
const gatewaysOf = ({
  routes,
  interface: device,
}: InstanceConfig): readonly InstanceFacts["gateways"][number]["value"][] =>
  routes.flatMap(({ spec }) => {
    const isDefault = spec.destination.length === DEFAULT_ROUTE_BITS && spec.type === "unicast";
    const { gateway, metric } = spec;
    if (!isDefault || gateway === undefined || (spec.interface ?? device) !== device) return [];
    return [{ address: gateway, metric }];
  });

function authenticationOf(authentication: Authentication): {
  readonly type: "none" | "pass" | "hmac" | "other";
  readonly password: string | undefined;
} {
  switch (authentication.type) {
    case "none":
      return { type: "none", password: undefined };
    case "password":
      return { type: "pass", password: textOf(authentication.password) };
    case "hmac":
      return { type: "hmac", password: undefined };
    case "header":
      return { type: "other", password: undefined };
  }
}

function textOf(hex: string): string {
  const bytes = parseHex(hex) ?? new Uint8Array();
  return String.fromCodePoint(...bytes);
}

/** Weights stand where a check is followed; the first follower's counts. */
function checksOf({ trackers, vrrp }: Model, start: Position): readonly Found<PairCheck>[] {
  const weights = new Map<string, number>();
  for (const { tracking } of [...vrrp.groups, ...vrrp.instances])
    for (const { tracker, weight } of tracking)
      if (!weights.has(tracker)) weights.set(tracker, weight);
  return trackers.map((tracker) => ({
    value: checkOf(tracker, weights.get(trackerKey(tracker)) ?? 0),
    at: tracker.type === "script" ? tracker.command.at : start,
  }));
}

function checkOf(tracker: TrackerConfig, weight: number): PairCheck {
  const { name } = tracker;
  switch (tracker.type) {
    case "script": {
      const { command, interval, timeout, rise, fall } = tracker;
      const user = command.user === "root" ? undefined : command.user;
      return {
        type: "script",
        name,
        command: command.argv,
        user,
        interval,
        timeout,
        rise,
        fall,
        weight,
      };
    }
    case "file":
      return { type: "file", name, path: tracker.path, weight };
    case "process":
      return { type: "process", name, process: tracker.process, quorum: tracker.quorum, weight };
  }
}

const HOOKS = { active: "master", backup: "backup", fault: "fault", stop: "stop" } as const;

/** The scripts of the group, or of the first instance that has some: the pair has one command a state. */
function hooksOf(
  model: Model,
  start: Position,
): { readonly hooks: Partial<PairHooks>; readonly notCarried: readonly NotCarried[] } {
  const all = [...Object.values(model.groupNotify), ...Object.values(model.instanceNotify)];
  const hooks: Partial<Record<keyof PairHooks, readonly string[]>> = {};
  const notCarried: NotCarried[] = [];
  for (const [state, word] of Object.entries(HOOKS) as [keyof PairHooks, keyof typeof HOOKS][]) {
    const commands = all.flatMap((notify) => {
      const command = notify[HOOKS[state]];
      return command === undefined ? [] : [command];
    });
    for (const command of commands) {
      const argv = ownCommand(command);
      if (argv === undefined) {
        notCarried.push({
          at: command.at,
          text: `notify_${word} ${command.argv.join(" ")}`,
          reason: "Duet loads and sends the state of connections by itself: nothing is to be done",
        });
      } else if (hooks[state] === undefined) {
        hooks[state] = argv;
      } else if (hooks[state].join("\0") !== argv.join("\0")) {
        notCarried.push({
          at: command.at,
          text: `notify_${word} ${command.argv.join(" ")}`,
          reason: `the pair runs one command when it becomes ${state}, and there is one already: call both from one script`,
        });
      }
    }
  }
  notCarried.push(...all.flatMap((notify) => otherScripts(notify, start)));
  return { hooks, notCarried: distinct(notCarried) };
}

/** Without what moves the state; undefined when nothing else is left. */
function ownCommand({ argv }: Command): readonly string[] | undefined {
  const own = argv[0] === NOTIFY_SCRIPT ? argv.slice(2) : argv;
  if (own.length === 0 || own.some((word) => MOVES_STATE.test(word))) return undefined;
  return own;
}

function otherScripts(notify: NotifyConfig, start: Position): readonly NotCarried[] {
  const others = [
    ["notify", notify.any],
    ["notify_deleted", notify.deleted],
    ["notify_master_rx_lower_pri", notify.masterReceivedLowerPriority],
  ] as const;
  return others.flatMap(([word, command]) =>
    command === undefined
      ? []
      : [
          {
            at: command.at.line > 0 ? command.at : start,
            text: `${word} ${command.argv.join(" ")}`,
            reason: "the pair's file has hooks for active, backup, fault and stop only: use these",
          },
        ],
  );
}

/** The same statement may be told of by several instances. */
function distinct(notes: readonly NotCarried[]): readonly NotCarried[] {
  const seen = new Map(
    notes.map((note) => [`${note.at.file}:${note.at.line}:${note.at.column} ${note.text}`, note]),
  );
  return [...seen.values()];
}

/** The families that an instance has addresses of. */
export const familyOf = ({ addresses, unadvertised }: InstanceFacts): 4 | 6 => {
  const [first] = [...addresses, ...unadvertised];
  return first === undefined ? 4 : ipFamily(first.value.address);
};
