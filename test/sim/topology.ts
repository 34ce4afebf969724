/** A network drawn from a seed: machines, segments, and a configuration for each machine that belongs to the others'. */
import type { Prng } from "../../src/base/random.ts";
import { type Duration, milliseconds, NO_TIME, seconds, times } from "../../src/base/time.ts";
import type {
  Authentication,
  InstanceConfig,
  RouterConfig,
  Transport,
} from "../../src/vrrp/config.ts";
import { activeDownInterval } from "../../src/vrrp/timing.ts";
import {
  ANNOUNCEMENTS,
  groupConfig,
  instanceConfig,
  ip,
  multicast,
  routerConfig,
  unicast,
  virtualAddress,
} from "../support/vrrp-config.ts";
import type { Port } from "./segment.ts";

export const TRACKER = "script:uplink";
const GROUP = "G";

/** What is the same on all machines of one network. */
export interface Shape {
  readonly machines: number;
  readonly segments: readonly string[];
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly interval: Duration;
  /** Every other machine advertises half as often (version 3). */
  readonly mixed: boolean;
  readonly grouped: boolean;
  readonly preempt: boolean;
  readonly preemptDelay: Duration;
  readonly priorities: readonly number[];
  readonly unicast: boolean;
  readonly authentication: Authentication;
  readonly startupDelay: Duration;
  readonly linkDelay: Duration;
  readonly trackerWeight: number | undefined;
  readonly refresh: Duration;
  readonly advertiseToLower: boolean;
  readonly advertiseToHigher: boolean;
  /** How long addresses wait for their connections; zero where none are replicated. */
  readonly stateWait: Duration;
}

const pick = <T>(prng: Prng, options: readonly T[]): T => options[prng.below(options.length)]!;

const SECRET = "00112233445566778899aabbccddeeff".repeat(2);

function drawAuthentication(prng: Prng, version: 2 | 3): Authentication {
  const hmac: Authentication = {
    type: "hmac",
    keys: [{ id: 1, secret: SECRET }],
    activeKey: 1,
    replay: pick(prng, ["time", "monotonic"]),
    window: seconds(5),
    mode: "enforce",
  };
  const password: Authentication = { type: "password", password: "73336372" };
  return pick(prng, [{ type: "none" }, version === 2 ? password : { type: "none" }, hmac]);
}

function drawPriorities(prng: Prng, machines: number, preempt: boolean): number[] {
  const base = 2 + prng.below(200);
  const equal = prng.chance(30);
  const priorities = Array.from({ length: machines }, (_, index) =>
    equal ? base : base + index * (1 + prng.below(15)),
  );
  // An address owner always preempts.
  if (preempt && prng.chance(15)) priorities[prng.below(machines)] = 255;
  return priorities;
}

export function drawShape(prng: Prng): Shape {
  const version = pick(prng, [2, 3, 3] as const);
  const segments = ["lan", "wan", "dmz"].slice(0, 1 + prng.below(3));
  const interval =
    version === 2 ? seconds(1) : milliseconds(pick(prng, [100, 200, 500, 1_000] as const));
  const machines = 2 + prng.below(3);
  const preempt = prng.chance(50);
  const isTracked = prng.chance(30);
  return {
    machines,
    segments,
    family: version === 3 && prng.chance(40) ? 6 : 4,
    version,
    interval,
    mixed: version === 3 && prng.chance(20),
    grouped: segments.length > 1 && prng.chance(65),
    preempt,
    preemptDelay: preempt && prng.chance(25) ? times(interval, 2) : NO_TIME,
    priorities: drawPriorities(prng, machines, preempt),
    unicast: prng.chance(20),
    authentication: drawAuthentication(prng, version),
    startupDelay: prng.chance(10) ? seconds(1) : NO_TIME,
    linkDelay: prng.chance(20) ? times(interval, 0.8) : NO_TIME,
    trackerWeight: isTracked ? pick(prng, [0, -60, 40]) : undefined,
    refresh: prng.chance(15) ? seconds(3) : NO_TIME,
    advertiseToLower: prng.chance(80),
    advertiseToHigher: prng.chance(20),
    stateWait: milliseconds(pick(prng, [0, 0, 0, 200, 1_000, 2_000])),
  };
}

/** The addresses of machine number `index` on segment number `segment`. */
export const addressesOf = (index: number, segment: number): Port["addresses"] => [
  ip(`10.${segment}.0.${index + 2}`),
  ip(`fe80::${segment}:${index + 2}`),
];

const intervalOf = (shape: Shape, index: number): Duration =>
  shape.mixed && index % 2 === 1 ? times(shape.interval, 2) : shape.interval;

/** The longest Active_Down_Interval that any machine may use: of the lowest priority and the longest interval. */
export const patienceMax = (shape: Shape): Duration =>
  activeDownInterval(shape.version, 1, times(shape.interval, shape.mixed ? 2 : 1), 3);

function transportOf(shape: Shape, index: number, segment: number): Transport {
  if (!shape.unicast) return multicast(shape.family);
  const others = Array.from({ length: shape.machines }, (_, one) => one).filter(
    (one) => one !== index,
  );
  return unicast(...others.map((one) => addressesOf(one, segment)[shape.family === 4 ? 0 : 1]!));
}

function instanceOn(shape: Shape, index: number, segment: number): InstanceConfig {
  const link = shape.segments[segment]!;
  const family = shape.family;
  const virtual = family === 4 ? `10.${segment}.0.100/24` : `fd00:${segment}::100/64`;
  const priority = shape.priorities[index]!;
  const tracking =
    shape.trackerWeight === undefined || shape.grouped
      ? []
      : [{ tracker: TRACKER, weight: shape.trackerWeight, reverse: false }];
  const { version, preempt, preemptDelay, authentication, refresh } = shape;
  const { advertiseToLower, advertiseToHigher } = shape;
  return instanceConfig({
    name: `VI_${link}`,
    interface: link,
    family,
    version,
    vrid: 51,
    priority,
    startsActive: priority === 255,
    interval: intervalOf(shape, index),
    preempt,
    preemptDelay: priority === 255 ? NO_TIME : preemptDelay,
    transport: transportOf(shape, index, segment),
    authentication,
    announcements: { ...ANNOUNCEMENTS, refresh },
    advertiseToLower,
    advertiseToHigher,
    addresses: [virtualAddress(virtual, link)],
    tracking,
  });
}

export function configOf(shape: Shape, index: number): RouterConfig {
  const instances = shape.segments.map((_, segment) => instanceOn(shape, index, segment));
  const tracking =
    shape.trackerWeight === undefined
      ? []
      : [{ tracker: TRACKER, weight: shape.trackerWeight, reverse: false }];
  const members = instances.map(({ name }) => name);
  const delays = { down: shape.linkDelay, up: shape.linkDelay };
  return routerConfig({
    instances,
    groups: shape.grouped ? [groupConfig({ name: GROUP, members, tracking })] : [],
    startupDelay: shape.startupDelay,
    linkDelays:
      shape.linkDelay === NO_TIME
        ? []
        : shape.segments.map((link) => ({ interface: link, ...delays })),
    ...(shape.stateWait === NO_TIME ? {} : { stateTransfer: { wait: shape.stateWait } }),
    fencing: { lifetimeSeconds: 2, renewal: milliseconds(500) },
  });
}
