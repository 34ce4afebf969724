/**
 * Every event that the daemon can log. Names are stable, `area.noun-or-verb`; the reference in docs/reference/events.md is
 * made from this table. An event keeps its name and fields for good; new facts become new fields.
 */

/** error: a human must act. warn: degraded. info: transitions, reloads, life of the daemon. debug: everything else. */
export type Level = "error" | "warn" | "info" | "debug";

/** From the most to the least urgent. */
export const LEVELS: readonly Level[] = ["error", "warn", "info", "debug"];

export interface CatalogueEntry {
  readonly level: Level;
  /** One sentence. */
  readonly meaning: string;
  /** Field names and what they hold. */
  readonly fields: Readonly<Record<string, string>>;
}

const EVENTS = {
  "daemon.started": {
    level: "info",
    meaning: "The daemon runs: its configuration is read, its sockets are open and it listens.",
    fields: {
      version: "version of Duet",
      node: "name of this router",
      pid: "process id",
      instances: "number of VRRP instances",
      took_ms: "milliseconds since the process was started",
    },
  },
  "daemon.stopping": {
    level: "info",
    meaning: "The daemon was asked to stop; it resigns and takes its addresses and routes back.",
    fields: { reason: "signal or request that asked for it" },
  },
  "daemon.stopped": {
    level: "info",
    meaning: "The daemon has taken back what it had installed and ends.",
    fields: { took_ms: "milliseconds that stopping took" },
  },
  "daemon.failed": {
    level: "error",
    meaning: "The daemon cannot start or cannot go on.",
    fields: { reason: "what failed" },
  },
  "daemon.leftovers-removed": {
    level: "warn",
    meaning:
      "An earlier daemon ended without cleaning up; what it had left in the kernel was removed.",
    fields: { objects: "the addresses, routes and rules removed" },
  },
  "daemon.realtime-refused": {
    level: "warn",
    meaning:
      "The kernel refused real-time scheduling; under load, advertisements may be late by milliseconds.",
    fields: { reason: "the kernel's answer" },
  },
  "daemon.journal-damaged": {
    level: "warn",
    meaning:
      "The record of what an earlier daemon installed cannot be read; its leftovers, if any, stay.",
    fields: { path: "state directory" },
  },
  "daemon.signal-ignored": {
    level: "warn",
    meaning: "A signal arrived that means something to keepalived but nothing to Duet.",
    fields: { signal: "name of the signal" },
  },
  "daemon.thread-lost": {
    level: "error",
    meaning: "The thread that speaks VRRP ended unexpectedly; the daemon ends with it.",
    fields: { reason: "what the thread reported" },
  },
  "config.loaded": {
    level: "info",
    meaning: "The configuration was read and has no errors.",
    fields: { files: "every file read", warnings: "number of warnings" },
  },
  "config.finding": {
    level: "warn",
    meaning: "The configuration has an error or a warning at the place named.",
    fields: {
      code: "stable code of the finding",
      file: "file",
      line: "line, from 1",
      column: "column, from 1",
    },
  },
  "config.waiting": {
    level: "warn",
    meaning:
      "The system has just started, and this router has no address yet that tells which one of the pair it is.",
    fields: { reason: "what is missing" },
  },
  "config.rejected": {
    level: "error",
    meaning: "The configuration has errors; on reload the earlier one stays in force.",
    fields: { errors: "number of errors" },
  },
  "config.reloaded": {
    level: "info",
    meaning: "A changed configuration is in force.",
    fields: { changes: "what was added, removed and changed" },
  },
  "vrrp.transition": {
    level: "info",
    meaning: "A sync group or a single instance changed its state.",
    fields: {
      unit: "sync group or instance",
      from: "earlier state",
      to: "new state",
      cause: "stable code of the cause",
      took_ms: "milliseconds that its steps took, detection aside",
    },
  },
  "vrrp.fault": {
    level: "warn",
    meaning: "A sync group or a single instance cannot be Active any more.",
    fields: {
      unit: "sync group or instance",
      from: "earlier state",
      to: "new state, always fault",
      cause: "stable code of the cause",
      took_ms: "milliseconds that its steps took, detection aside",
    },
  },
  "vrrp.object-healed": {
    level: "warn",
    meaning:
      "Something else removed a virtual address, route or rule of an Active instance; it was put back.",
    fields: { subject: "instance" },
  },
  "vrrp.address-list-differs": {
    level: "warn",
    meaning: "Another router advertises this VRID with other addresses.",
    fields: { subject: "instance" },
  },
  "vrrp.interval-differs": {
    level: "warn",
    meaning: "Another router advertises this VRID with another interval.",
    fields: { subject: "instance" },
  },
  "vrrp.authentication-differs": {
    level: "warn",
    meaning:
      "Another router uses this VRID with another authentication; the two cannot hear each other.",
    fields: { subject: "instance" },
  },
  "vrrp.version-differs": {
    level: "warn",
    meaning:
      "Another router uses this VRID with another version of VRRP; the two cannot hear each other.",
    fields: { subject: "instance" },
  },
  "vrrp.packets-refused": {
    level: "warn",
    meaning:
      "Packets for this VRID were refused since the last such message; the counters say why.",
    fields: { subject: "instance" },
  },
  "vrrp.two-active": {
    level: "warn",
    meaning:
      "Another router was Active at the same time; the winner announces its addresses again.",
    fields: { subject: "instance" },
  },
  "vrrp.two-owners": {
    level: "warn",
    meaning:
      "Two routers say that they own the addresses (priority 255); one of them is misconfigured.",
    fields: { subject: "instance" },
  },
  "vrrp.group-held-back": {
    level: "warn",
    meaning: "A member could become Active but another member of its sync group cannot.",
    fields: { subject: "sync group" },
  },
  "vrrp.priority-changed": {
    level: "info",
    meaning: "Trackers changed the priority of an instance.",
    fields: { subject: "instance" },
  },
  "vrrp.loop-stalled": {
    level: "warn",
    meaning:
      "The VRRP thread was not scheduled for longer than its peers wait; it listens before it claims or keeps a role.",
    fields: { subject: "instance or sync group" },
  },
  "vrrp.state-overdue": {
    level: "error",
    meaning:
      "Replicated connections were not in the kernel in time; the addresses were installed without them.",
    fields: { subject: "sync group or instance" },
  },
  "vrrp.same-source": {
    level: "warn",
    meaning: "Another router advertises from this router's own address.",
    fields: { subject: "instance" },
  },
  "vrrp.unknown-vrid": {
    level: "info",
    meaning: "A router advertises a VRID that is not configured here (log_unknown_vrids).",
    fields: { vrid: "VRID", source: "its address" },
  },
  "vrrp.resign-asked": {
    level: "info",
    meaning: "An operator asked a unit to give up Active.",
    fields: { unit: "sync group or instance", by: "who asked" },
  },
  "kernel.call-failed": {
    level: "warn",
    meaning: "A system call or netlink request failed.",
    fields: { call: "call", subject: "what it was about", code: "errno, such as EPERM" },
  },
  "kernel.overrun": {
    level: "warn",
    meaning:
      "The kernel dropped netlink messages; the state of interfaces and addresses was read anew.",
    fields: { subject: "socket" },
  },
  "kernel.interface-changed": {
    level: "info",
    meaning: "An interface that an instance uses appeared, vanished, went up or went down.",
    fields: { interface: "interface", state: "up, down or missing" },
  },
  "tracker.changed": {
    level: "info",
    meaning: "A tracked script, file, process or interface has another result.",
    fields: { tracker: "key of the tracker", value: "new value", earlier: "earlier value" },
  },
  "tracker.script-timed-out": {
    level: "warn",
    meaning:
      "A tracking script ran for longer than its timeout and was ended; that counts as a failure.",
    fields: { tracker: "key of the tracker", timeout_ms: "its timeout in milliseconds" },
  },
  "tracker.script-failed-to-start": {
    level: "error",
    meaning: "A tracking script cannot be run at all; that counts as a failure.",
    fields: { tracker: "key of the tracker", reason: "why" },
  },
  "tracker.file-unusable": {
    level: "warn",
    meaning: "A tracked file holds no number in range; its earlier value stays in force.",
    fields: { tracker: "key of the tracker", path: "path", reason: "what is wrong" },
  },
  "hook.ran": {
    level: "debug",
    meaning: "A notify script ended.",
    fields: { command: "command", status: "exit status or signal", took_ms: "milliseconds" },
  },
  "hook.failed": {
    level: "warn",
    meaning: "A notify script could not be run, or ended with an error.",
    fields: { command: "command", reason: "why" },
  },
  "hook.fifo-unavailable": {
    level: "warn",
    meaning: "Nobody reads a notify FIFO, or it cannot be opened; what was written for it is lost.",
    fields: { path: "path of the FIFO", reason: "why" },
  },
  "control.listening": {
    level: "debug",
    meaning: "The control socket takes requests.",
    fields: { socket: "path of the socket" },
  },
  "control.accept-failed": {
    level: "warn",
    meaning: "A connection to the control socket could not be taken.",
    fields: { reason: "why" },
  },
  "control.stream-dropped": {
    level: "info",
    meaning:
      "A reader of the event stream was too slow and was disconnected; it may resume where it was.",
    fields: { queued: "events that were waiting for it" },
  },
  "control.request-failed": {
    level: "warn",
    meaning: "A request on the control socket failed inside the daemon.",
    fields: { method: "HTTP method", path: "path", reason: "why" },
  },
  "control.conntrackd-refused": {
    level: "warn",
    meaning: "A request on conntrackd's control socket was refused or failed.",
    fields: { request: "what was asked for", reason: "why" },
  },
  "replication.started": {
    level: "info",
    meaning: "Flows are replicated: the kernel's table is read and the dedicated link is in use.",
    fields: {
      mode: "ftfw, notrack or alarm",
      interface: "interface of the dedicated link in use, null while there is none",
      flows: "flows of this router's kernel that are replicated",
      took_ms: "milliseconds that starting took",
    },
  },
  "replication.synchronised": {
    level: "info",
    meaning: "Every flow of the peer is here: this router could take over without losing any.",
    fields: { flows: "flows of the peer", waited_ms: "milliseconds without that, null at first" },
  },
  "replication.lost-protection": {
    level: "warn",
    meaning: "Connections would break if this router had to take over now, or the peer had to.",
    fields: { code: "stable code of the reason", reason: "why" },
  },
  "replication.resync": {
    level: "info",
    meaning: "The flows of one side were sent as a whole.",
    fields: {
      direction: "sent or received",
      flows: "how many",
      took_ms: "milliseconds from the first to the last",
    },
  },
  "replication.overrun": {
    level: "warn",
    meaning:
      "The kernel reported changes faster than they were read and dropped some; its table is read anew.",
    fields: { count: "overruns since the start", buffer: "bytes of the event buffer from now on" },
  },
  "replication.loaded": {
    level: "info",
    meaning: "This router took over the flows of the peer: they are in its kernel.",
    fields: {
      unit: "sync group or instance that took over, or the command that asked for it",
      committed: "flows written to the kernel",
      kept: "flows that were there already",
      failed: "flows that the kernel refused",
      reasons: "why it refused them, by errno",
      took_ms: "milliseconds from the claim",
    },
  },
  "replication.released": {
    level: "info",
    meaning: "This router gave up its role; its flows are the peer's from now on.",
    fields: { unit: "sync group or instance" },
  },
  "replication.reconfigured": {
    level: "info",
    meaning: "A reload changed the replication of flows.",
    fields: {
      changes: "settings that changed, in words",
      tables_kept: "true when what is known of the flows was kept",
      reason: "why it was not kept, null when it was",
    },
  },
  "replication.link-changed": {
    level: "info",
    meaning: "Another dedicated link is in use.",
    fields: { interface: "its interface, null when there is none" },
  },
  "replication.kernel-unfit": {
    level: "warn",
    meaning: "Something about the kernel's connection tracking endangers a failover.",
    fields: { code: "stable code of the reason", reason: "what is wrong and what to set" },
  },
  "replication.thread-lost": {
    level: "error",
    meaning: "The thread that replicates flows ended unexpectedly; it is started again.",
    fields: { reason: "what the thread reported" },
  },
  "replication.log-unusable": {
    level: "warn",
    meaning: "The log that conntrackd.conf asks for cannot be written.",
    fields: { path: "file or socket", reason: "why" },
  },
  "log.lines-dropped": {
    level: "warn",
    meaning:
      "The reader of the log was too slow; lines were dropped rather than the daemon delayed.",
    fields: { count: "lines dropped since the last such message" },
  },
} as const;

export type EventName = keyof typeof EVENTS;

/** The same table, for those who look an event up. */
export const CATALOGUE: Readonly<Record<EventName, CatalogueEntry>> = EVENTS;

/** What a field may hold; null where there is nothing to say. */
export type FieldValue = string | number | boolean | null | readonly string[];

/** The fields of an event, all of them. */
export type EventFields<Name extends EventName> = {
  readonly [Field in keyof (typeof EVENTS)[Name]["fields"]]: FieldValue;
};
