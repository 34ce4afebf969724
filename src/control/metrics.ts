/** A status as metrics for Prometheus and its kin. */
import type { UnitState } from "../vrrp/events.ts";
import type { InstanceStatus, StatusView } from "./contract.ts";
import { replicationFamilies } from "./flows-metrics.ts";
import {
  counter,
  type Family,
  formatFamilies,
  gauge,
  type Labels,
  plain,
  type Sample,
} from "./openmetrics.ts";

const STATES: readonly UnitState[] = ["init", "backup", "active", "fault", "stopped"];

export function formatMetrics(status: StatusView): string {
  return formatFamilies([
    ...nodeFamilies(status),
    ...unitFamilies(status),
    ...instanceFamilies(status),
    ...(status.replication === null ? [] : replicationFamilies(status.replication)),
  ]);
}

function nodeFamilies({ node, warnings }: StatusView): Family[] {
  const { lateness } = node;
  const p99 = lateness.p99Us === null ? [] : [plain(lateness.p99Us / 1e6)];
  return [
    {
      name: "duet",
      type: "info",
      help: "Version and name of this node.",
      samples: [[{ version: node.version, node: node.name }, 1]],
    },
    gauge("duet_uptime_seconds", "Time since the daemon was started.", [
      plain(node.uptimeMs / 1e3),
    ]),
    gauge("duet_realtime", "1 when the VRRP thread has real-time scheduling.", [
      plain(node.realtime === null ? 0 : 1),
    ]),
    gauge("duet_fencing", "1 when virtual addresses vanish by themselves if the daemon dies.", [
      plain(node.fencing === null ? 0 : 1),
    ]),
    gauge("duet_lateness_max_seconds", "Longest delay of the VRRP thread past a deadline.", [
      plain(lateness.maxUs / 1e6),
    ]),
    gauge("duet_lateness_p99_seconds", "Delay of the VRRP thread, 99th percentile.", p99),
    counter("duet_log_lines_dropped", "Log lines that nobody read in time.", [
      plain(node.droppedLogLines),
    ]),
    gauge("duet_config_warnings", "Warnings of the configuration in force.", [
      plain(warnings.length),
    ]),
  ];
}

function unitFamilies({ units }: StatusView): Family[] {
  const states = units.flatMap(({ name, state }) =>
    STATES.map((each): Sample => [{ unit: name, duet_unit_state: each }, each === state ? 1 : 0]),
  );
  const ages = units.map(({ name, sinceMs }): Sample => [{ unit: name }, sinceMs / 1e3]);
  return [
    {
      name: "duet_unit_state",
      type: "stateset",
      help: "State of each sync group and single instance.",
      samples: states,
    },
    gauge("duet_unit_state_age_seconds", "Time since the last transition.", ages),
  ];
}

function instanceFamilies({ instances }: StatusView): Family[] {
  const each = (value: (instance: InstanceStatus) => number): Sample[] =>
    instances.map((instance) => [identity(instance), value(instance)]);
  const refused = instances.flatMap((instance) =>
    Object.entries(instance.counters.refused).map(
      ([reason, count]): Sample => [{ ...identity(instance), reason }, count],
    ),
  );
  return [
    gauge(
      "duet_instance_priority",
      "Effective priority.",
      each((instance) => instance.effectivePriority),
    ),
    gauge(
      "duet_instance_faults",
      "Reasons why the instance cannot be Active.",
      each((instance) => instance.faults.length),
    ),
    counter(
      "duet_instance_became_active",
      "Transitions to Active.",
      each(({ counters }) => counters.becameActive),
    ),
    counter(
      "duet_instance_released_active",
      "Transitions from Active.",
      each(({ counters }) => counters.releasedActive),
    ),
    counter(
      "duet_instance_advertisements_sent",
      "Advertisements sent.",
      each(({ counters }) => counters.advertisementsSent),
    ),
    counter(
      "duet_instance_advertisements_received",
      "Advertisements that counted.",
      each(({ counters }) => counters.advertisementsReceived),
    ),
    counter(
      "duet_instance_priority_zero_sent",
      "Resignations sent.",
      each(({ counters }) => counters.priorityZeroSent),
    ),
    counter(
      "duet_instance_priority_zero_received",
      "Resignations heard.",
      each(({ counters }) => counters.priorityZeroReceived),
    ),
    counter(
      "duet_instance_objects_healed",
      "Addresses, routes and rules put back after something else removed them.",
      each(({ counters }) => counters.objectsHealed),
    ),
    counter("duet_instance_refused", "Packets that did not count, by reason.", refused),
  ];
}

const identity = ({ name, interface: device, vrid }: InstanceStatus): Labels => ({
  instance: name,
  interface: device,
  vrid: String(vrid),
});
