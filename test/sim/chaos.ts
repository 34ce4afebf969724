/** Everything that goes wrong, drawn from the seed: one trouble after the other, each of which ends after a while. */
import type { Prng } from "../../src/base/random.ts";
import { milliseconds, NO_TIME } from "../../src/base/time.ts";
import type { RouterConfig } from "../../src/vrrp/config.ts";
import { VRRP_AT_VRID } from "../../src/wire/vrrp.ts";
import { virtualAddress } from "../support/vrrp-config.ts";
import type { Agenda } from "./agenda.ts";
import { LATENESS_MAX, type Machine } from "./machine.ts";
import { DELAY_MAX, type Frame, type Segment } from "./segment.ts";
import { type Shape, TRACKER } from "./topology.ts";

const IPV4_HEADER_SIZE = 20;

export interface World {
  readonly agenda: Agenda;
  readonly prng: Prng;
  readonly shape: Shape;
  readonly machines: readonly Machine[];
  readonly segments: readonly Segment[];
  readonly log: (who: string, line: string) => void;
}

/** Begins one trouble and returns its name. `end` undoes something when the trouble is over. */
type Trouble = (world: World, end: (undo: () => void) => void) => string;

const draw = <T>(prng: Prng, options: readonly T[]): T => options[prng.below(options.length)]!;

const onSegment =
  (
    name: string,
    begin: (segment: Segment, prng: Prng) => void,
    undo: (segment: Segment) => void,
  ): Trouble =>
  ({ prng, segments }, end) => {
    const segment = draw(prng, segments);
    begin(segment, prng);
    end(() => undo(segment));
    return `${name} on ${segment.name}`;
  };

const loss = onSegment(
  "loss",
  (segment, prng) => {
    segment.lossPercent = 5 + prng.below(60);
  },
  (segment) => {
    segment.lossPercent = 0;
  },
);

const duplication = onSegment(
  "duplication",
  (segment) => {
    segment.duplicatePercent = 50;
  },
  (segment) => {
    segment.duplicatePercent = 0;
  },
);

const delay = onSegment(
  "delay",
  (segment, prng) => {
    segment.delay = 1_000 + prng.below(DELAY_MAX - 1_100);
  },
  (segment) => {
    segment.delay = 300;
  },
);

const deafness: Trouble = ({ prng, segments }, end) => {
  const segment = draw(prng, segments);
  const path = `${draw(prng, segment.ports).machine}>${draw(prng, segment.ports).machine}`;
  segment.blocked.add(path);
  end(() => segment.blocked.delete(path));
  return `one-way cut ${path} on ${segment.name}`;
};

const partition: Trouble = ({ prng, segments }, end) => {
  const segment = draw(prng, segments);
  const lonely = draw(prng, segment.ports).machine;
  const paths = segment.ports.flatMap(({ machine }) => [
    `${machine}>${lonely}`,
    `${lonely}>${machine}`,
  ]);
  for (const path of paths) segment.blocked.add(path);
  end(() => {
    for (const path of paths) segment.blocked.delete(path);
  });
  return `${lonely} cut off from ${segment.name}`;
};

const carrier: Trouble = ({ prng, machines, shape }, end) => {
  const machine = draw(prng, machines);
  const link = draw(prng, shape.segments);
  machine.setCarrier(link, false);
  end(() => machine.setCarrier(link, true));
  return `${machine.name} loses carrier on ${link}`;
};

const freeze: Trouble = ({ prng, machines }) => {
  const machine = draw(prng, machines);
  machine.suspend(milliseconds(1_000 + prng.below(7_000)));
  return `${machine.name} frozen`;
};

const hiccup: Trouble = ({ prng, machines }) => {
  const machine = draw(prng, machines);
  machine.suspend(milliseconds(1 + prng.below(900)));
  return `${machine.name} stalls`;
};

const lateness: Trouble = ({ prng, machines }, end) => {
  const machine = draw(prng, machines);
  machine.lateness = 1_000 + prng.below(LATENESS_MAX - 1_300);
  end(() => {
    machine.lateness = 0;
  });
  return `${machine.name} runs late`;
};

const crash: Trouble = ({ prng, machines }, end) => {
  const machine = draw(prng, machines);
  machine.crash();
  end(() => machine.start());
  return `${machine.name} killed`;
};

const stop: Trouble = ({ prng, machines }, end) => {
  const machine = draw(prng, machines);
  machine.stop();
  end(() => machine.start());
  return `${machine.name} stopped`;
};

const refusals: Trouble = ({ prng, machines }, end) => {
  const machine = draw(prng, machines);
  machine.installFailsPercent = 50;
  machine.repairFailsPercent = 30;
  end(() => {
    machine.installFailsPercent = 0;
    machine.repairFailsPercent = 0;
  });
  return `${machine.name}: the kernel refuses`;
};

const stranger: Trouble = ({ prng, machines }) => {
  const machine = draw(prng, machines);
  const { held } = machine.kernel;
  if (held.length === 0) return "nothing";
  const { name } = draw(prng, held);
  machine.lose(name);
  return `somebody removes ${name} from ${machine.name}`;
};

const resignation: Trouble = ({ prng, machines }) => {
  const machine = draw(prng, machines);
  const unit = machine.config.groups[0]?.name ?? machine.config.instances[0]!.name;
  machine.resign(unit);
  return `${machine.name} is asked to resign`;
};

const tracker: Trouble = ({ prng, machines }, end) => {
  const machine = draw(prng, machines);
  machine.setTracker(TRACKER, "down");
  end(() => machine.setTracker(TRACKER, "up"));
  return `${machine.name}: ${TRACKER} fails`;
};

type Edit = (config: RouterConfig, prng: Prng) => RouterConfig;

const everyInstance =
  (
    change: (instance: RouterConfig["instances"][0]) => Partial<RouterConfig["instances"][0]>,
  ): Edit =>
  (config) => ({
    ...config,
    instances: config.instances.map((instance) => ({ ...instance, ...change(instance) })),
  });

/** Ways in which a configuration is edited. None of them makes two routers refuse each other's advertisements. */
const EDITS: readonly Edit[] = [
  (config) => config,
  (config, prng) => {
    const priority = 1 + prng.below(254);
    return everyInstance(() => ({ priority, startsActive: false }))(config, prng);
  },
  everyInstance(({ addresses, interface: link }) => ({
    addresses: [...addresses, virtualAddress(`203.0.113.${addresses.length}/32`, link)],
  })),
  everyInstance(({ excluded, interface: link, vrid }) => ({
    excluded: excluded.length > 0 ? [] : [virtualAddress(`198.51.100.${vrid}/32`, link)],
  })),
  everyInstance(({ preempt }) => ({ preempt: !preempt, preemptDelay: NO_TIME })),
  everyInstance(({ announcements }) => ({
    announcements: {
      ...announcements,
      refresh: announcements.refresh === NO_TIME ? milliseconds(700) : NO_TIME,
      lowerPriorityRepeat: announcements.lowerPriorityRepeat === 0 ? 2 : 0,
    },
  })),
  (config) => ({ ...config, groups: [] }),
  (config) => ({ ...config, groups: config.groups.map((group) => ({ ...group, name: "H" })) }),
  (config, prng) => {
    const gone = prng.below(config.instances.length + 1);
    const instances = config.instances.filter((_, index) => index !== gone);
    if (instances.length === 0) return config;
    const members = instances.map(({ name }) => name);
    return { ...config, instances, groups: config.groups.map((group) => ({ ...group, members })) };
  },
  (config) => {
    const rename = (name: string): string => `${name}'`;
    return {
      ...config,
      instances: config.instances.map((one) => ({ ...one, name: rename(one.name) })),
      groups: config.groups.map((group) => ({ ...group, members: group.members.map(rename) })),
    };
  },
];

const reload: Trouble = ({ prng, machines }, end) => {
  const machine = draw(prng, machines);
  const before = machine.config;
  const after = draw(prng, EDITS)(before, prng);
  // IPv6 instances advertise IPv6 addresses only.
  if (after.instances.some(({ family, addresses }) => family === 6 && addresses.length > 1))
    return "nothing";
  machine.reload(after);
  end(() => machine.reload(before));
  return `${machine.name} reloads`;
};

/** Frames that nobody may believe: noise, a flipped bit, a TTL that says "routed", a replay of what was signed. */
const forgery: Trouble = ({ prng, segments, shape }) => {
  const segment = draw(prng, segments);
  const port = draw(prng, segment.ports);
  const { last } = segment;
  // A kernel drops packets that claim to come from itself.
  if (last === undefined || port.addresses.includes(last.source)) return "nothing";
  const kind = prng.below(4);
  if (kind === 0) port.receive(noise(last, prng));
  else if (kind === 1) port.receive(flipped(last, prng, shape.family));
  else if (kind === 2 && !shape.unicast) port.receive({ ...last, ttl: 254 });
  else if (shape.authentication.type === "hmac") port.receive(last);
  return `forged packet for ${port.machine} on ${segment.name}`;
};

function noise(last: Frame, prng: Prng): Frame {
  const bytes = Uint8Array.from({ length: prng.below(80) }, () => prng.below(256));
  return { ...last, bytes };
}

function flipped(last: Frame, prng: Prng, family: 4 | 6): Frame {
  const bytes = last.bytes.slice();
  const start = family === 4 ? IPV4_HEADER_SIZE : 0;
  const at = start + prng.below(bytes.length - start);
  if (at !== start + VRRP_AT_VRID) bytes[at] = bytes[at]! ^ (1 << prng.below(8));
  else bytes[at] = 0;
  return { ...last, bytes };
}

/** How often each comes up, relative to the others. */
const WEIGHTS: readonly (readonly [number, Trouble])[] = [
  [2, loss],
  [1, duplication],
  [2, delay],
  [2, deafness],
  [2, partition],
  [2, carrier],
  [1, freeze],
  [2, hiccup],
  [2, lateness],
  [1, crash],
  [1, stop],
  [1, refusals],
  [1, stranger],
  [1, resignation],
  [1, tracker],
  [3, reload],
  [3, forgery],
];

const TROUBLES: readonly Trouble[] = WEIGHTS.flatMap(([weight, trouble]) =>
  Array.from({ length: weight }, () => trouble),
);

/** Makes trouble until the true time `until`; nothing that it began is undone by it after that. */
export function makeTrouble(world: World, until: number): void {
  const { agenda, prng, shape, log } = world;
  const pause = Math.max(shape.interval, 300_000);
  const begin = (): void => {
    if (agenda.now >= until) return;
    const lasts = prng.below(pause * 8);
    const name = draw(prng, TROUBLES)(world, (undo) => {
      agenda.plan(agenda.now + lasts, () => {
        if (agenda.now < until) undo();
      });
    });
    log("--", name);
    agenda.plan(agenda.now + prng.below(pause * 2), begin);
  };
  agenda.plan(agenda.now + pause * 5, begin);
}

/** Ends all trouble: every machine runs, with its own configuration, on segments that work. */
export function healEverything(
  { machines, segments, log }: World,
  configs: readonly RouterConfig[],
): void {
  log("--", "everything is healed");
  for (const segment of segments)
    for (const machine of machines) machine.setCarrier(segment.name, true);
  for (const segment of segments) segment.mend();
  for (const [index, machine] of machines.entries()) {
    machine.lateness = 0;
    machine.installFailsPercent = 0;
    machine.repairFailsPercent = 0;
    machine.resume("now");
    machine.start();
    machine.setTracker(TRACKER, "up");
    machine.reload(configs[index]!);
  }
}
