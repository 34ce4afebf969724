/** What the replication thread reports, in the words of the log. */
import type { EventFields, EventName } from "../log/catalogue.ts";
import type { ReplicationNews } from "./replication-messages.ts";

export type LogEvent = <Name extends EventName>(
  name: Name,
  fields: EventFields<Name>,
  text: string,
) => void;

type SurroundingNews = Extract<
  ReplicationNews,
  { type: "reconfigured" | "overrun" | "link-changed" | "kernel-unfit" | "trouble" }
>;

/** `mode` is the one in force. */
export function tellNews(news: ReplicationNews, mode: string, log: LogEvent): void {
  switch (news.type) {
    case "started":
      tellStarted(news, mode, log);
      break;
    case "synchronised": {
      const { flows, waitedMs } = news;
      const text = `synchronised: ${flows} flows of the peer are here`;
      log("replication.synchronised", { flows, waited_ms: waitedMs }, text);
      break;
    }
    case "lost-protection": {
      const { code, reason } = news;
      log("replication.lost-protection", { code, reason }, `lost protection: ${reason}`);
      break;
    }
    case "resync": {
      const { direction, flows, tookMs } = news;
      const text = `${direction} ${flows} flows as a whole within ${tookMs} ms`;
      log("replication.resync", { direction, flows, took_ms: tookMs }, text);
      break;
    }
    case "loaded":
      tellLoaded(news, log);
      break;
    case "released": {
      const { unit } = news;
      log("replication.released", { unit }, `${unit}: the flows are the peer's now`);
      break;
    }
    case "reconfigured":
    case "overrun":
    case "link-changed":
    case "kernel-unfit":
    case "trouble":
      tellOfSurroundings(news, log);
  }
}

function tellStarted(
  { interface: name, flows, tookMs }: Extract<ReplicationNews, { type: "started" }>,
  mode: string,
  log: LogEvent,
): void {
  const fields = { mode, interface: name, flows, took_ms: tookMs };
  const where = name === null ? "no link is up yet" : `over ${name}`;
  log("replication.started", fields, `replicates in ${mode} mode ${where}; ${flows} flows`);
}

function tellLoaded(news: Extract<ReplicationNews, { type: "loaded" }>, log: LogEvent): void {
  const { unit, committed, kept, failed, failures, tookMs } = news;
  const reasons = Object.entries(failures).map(([code, count]) => `${code} ${count}`);
  const fields = { unit, committed, kept, failed, reasons, took_ms: tookMs };
  const refused = failed === 0 ? "" : `, ${failed} refused (${reasons.join(", ")})`;
  const text = `${unit}: ${committed} flows loaded within ${tookMs} ms, ${kept} were there${refused}`;
  log("replication.loaded", fields, text);
}

function tellOfSurroundings(news: SurroundingNews, log: LogEvent): void {
  switch (news.type) {
    case "reconfigured": {
      const { changes, reason, text } = news;
      const fields = { changes, tables_kept: reason === null, reason };
      log("replication.reconfigured", fields, text);
      break;
    }
    case "overrun": {
      const { count, buffer } = news;
      const text = `the kernel dropped events (overrun ${count}); the buffer has ${buffer} bytes now`;
      log("replication.overrun", { count, buffer }, text);
      break;
    }
    case "link-changed": {
      const name = news.interface;
      const text = name === null ? "no dedicated link is up" : `the dedicated link is ${name}`;
      log("replication.link-changed", { interface: name }, text);
      break;
    }
    case "kernel-unfit": {
      const { code, reason } = news;
      log("replication.kernel-unfit", { code, reason }, reason);
      break;
    }
    case "trouble": {
      const { call, subject, code, text } = news.trouble;
      log("kernel.call-failed", { call, subject, code }, text);
      break;
    }
  }
}
