/** The readiness of replication as metrics: what an alarm must know, and no more. */
import { counter, type Family, gauge, plain, type Sample } from "./openmetrics.ts";
import type { ConntrackFacts, ReplicationStatus } from "./replication-contract.ts";

export function replicationFamilies(status: ReplicationStatus): readonly Family[] {
  const { flows, lag, peer } = status;
  return [
    gauge("duet_replication_synchronised", "1 when this router could take over all flows now.", [
      plain(status.synchronised ? 1 : 0),
    ]),
    gauge("duet_replication_problems", "Reasons why connections would break in a failover.", [
      plain(status.problems.length),
    ]),
    gauge("duet_replication_peer_up", "1 when the peer is heard.", [
      plain(peer.state === "up" ? 1 : 0),
    ]),
    gauge("duet_replication_flows", "Flows that are known, of this router and of the peer.", [
      [{ cache: "internal" }, flows.internal],
      [{ cache: "external" }, flows.external],
    ]),
    gauge(
      "duet_replication_flows_loaded",
      "Flows of the peer that are in the kernel of a backup.",
      [plain(flows.loaded)],
    ),
    gauge("duet_replication_lag_messages", "Changes that the peer has not acknowledged.", [
      plain(lag.messages),
    ]),
    gauge("duet_replication_lag_seconds", "Age of the oldest of them.", measured(lag.ms, 1e-3)),
    counter("duet_replication_messages_lost", "Messages of the peer that never came.", [
      plain(status.lostMessages),
    ]),
    counter("duet_replication_messages_malformed", "Messages that were refused.", [
      plain(status.malformedMessages),
    ]),
    counter("duet_replication_overruns", "Times that the kernel dropped events.", [
      plain(status.overruns),
    ]),
    ...kernelFamilies(status.kernel),
  ];
}

const kernelFamilies = ({ count, max }: ConntrackFacts): readonly Family[] => [
  gauge("duet_conntrack_flows", "Flows in the kernel.", measured(count)),
  gauge("duet_conntrack_flows_max", "Flows that the kernel takes.", measured(max)),
];

/** No sample where there is no value. */
const measured = (value: number | null, unit = 1): readonly Sample[] =>
  value === null ? [] : [plain(value * unit)];
