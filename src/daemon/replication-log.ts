/**
 * The logs that conntrackd.conf asks for beside Duet's own: a file with lines as conntrackd writes them, and syslog. What
 * is written there is what concerns the replication. Neither ever holds up the daemon.
 */
import { closeSync, openSync } from "node:fs";
import { SyscallError } from "../kernel/errno.ts";
import { sendUnixDatagram } from "../kernel/unix-datagram.ts";
import type { Level } from "../log/catalogue.ts";
import { printable } from "../log/line.ts";
import { type LogSink, openLogSink } from "../log/sink.ts";

const SYSLOG_SOCKET = "/dev/log";
/** Facilities of syslog(3). */
const FACILITIES: Readonly<Record<string, number>> = {
  daemon: 3,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};
/** Priorities of syslog(3). */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 5, debug: 6 };
/** What conntrackd calls them. */
const WORDS: Readonly<Record<Level, string>> = {
  error: "ERROR",
  warn: "warning",
  info: "notice",
  debug: "info",
};

export interface ReplicationLogOptions {
  readonly logFile: string | undefined;
  /** Facility; undefined switches syslog off. */
  readonly syslog: string | undefined;
  /** Called once per log that cannot be written, until it is opened anew. */
  readonly onUnusable: (path: string, reason: string) => void;
}

export class ReplicationLog {
  readonly #options: ReplicationLogOptions;
  readonly #sink: { readonly log: LogSink; readonly fd: number } | undefined;
  #syslogWorks = true;

  constructor(options: ReplicationLogOptions) {
    this.#options = options;
    this.#sink = options.logFile === undefined ? undefined : this.#openFile(options.logFile);
  }

  write(level: Level, text: string): void {
    const now = new Date();
    const line = printable(text);
    this.#sink?.log.write(
      `[${conntrackdTime(now)}] (pid=${process.pid}) [${WORDS[level]}] ${line}\n`,
    );
    const { syslog } = this.#options;
    if (syslog !== undefined) this.#writeSyslog(syslog, PRIORITIES[level], line);
  }

  async close(): Promise<void> {
    if (this.#sink === undefined) return;
    await this.#sink.log.close();
    closeSync(this.#sink.fd);
  }

  #openFile(path: string): { readonly log: LogSink; readonly fd: number } | undefined {
    try {
      const fd = openSync(path, "a", 0o600);
      return { fd, log: openLogSink(fd) };
    } catch (error) {
      this.#options.onUnusable(path, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #writeSyslog(facility: string, priority: number, line: string): void {
    const value = (FACILITIES[facility] ?? FACILITIES["daemon"] ?? 0) * 8 + priority;
    try {
      sendUnixDatagram(SYSLOG_SOCKET, `<${value}>duet[${process.pid}]: ${line}`);
      this.#syslogWorks = true;
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      if (this.#syslogWorks) this.#options.onUnusable(SYSLOG_SOCKET, error.message);
      this.#syslogWorks = false;
    }
  }
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
] as const;

/** Local time as ctime(3) writes it: "Sun Nov 22 18:31:48 2026". */
function conntrackdTime(at: Date): string {
  const day = String(at.getDate()).padStart(2, " ");
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((value) => String(value).padStart(2, "0"))
    .join(":");
  return `${DAYS[at.getDay()] ?? ""} ${MONTHS[at.getMonth()] ?? ""} ${day} ${clock} ${at.getFullYear()}`;
}
