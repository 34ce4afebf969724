/** From the core's reports to lines of the log and to records that readers of the control socket get. */
import { sum, toMilliseconds } from "../base/time.ts";
import type { Level } from "../log/catalogue.ts";
import type { Logger } from "../log/logger.ts";
import type { Report, Transition } from "../vrrp/events.ts";
import { type ClockPair, wallTime } from "./clock-pair.ts";
import type { EventRecord, NewEvent } from "./contract.ts";

/** `clock` ties the report's instant to wall time; any recent moment will do. */
export function recordReport(report: Report, node: string, clock: ClockPair): NewEvent {
  const at = wallTime(report.at, clock);
  if (report.type === "remark") {
    const { level, code, subject, text } = report;
    return { at, source: node, name: `vrrp.${code}`, level, subject, text, data: report };
  }
  const { name, level } = transitionEvent(report);
  const text = transitionText(report);
  return { at, source: node, name, level, subject: report.unit, text, data: report };
}

/** Writes a report to the log. */
export function logReport(logger: Logger, report: Report): void {
  if (report.type === "remark") {
    const { code, subject, text, level } = report;
    logger.event(`vrrp.${code}`, { subject }, `${subject}: ${text}`, level);
    return;
  }
  const { unit, from, to, cause } = report;
  const fields = { unit, from, to, cause: cause.code, took_ms: tookMs(report) };
  logger.event(transitionEvent(report).name, fields, `${unit}: ${transitionText(report)}`);
}

/** A record on one line, subject first. */
export const recordText = ({ subject, text }: Pick<EventRecord, "subject" | "text">): string =>
  subject === null ? text : `${subject}: ${text}`;

const transitionText = ({ from, to, cause }: Transition): string =>
  `${from} -> ${to}: ${cause.text}`;

const transitionEvent = ({
  to,
}: Transition): { name: "vrrp.fault" | "vrrp.transition"; level: Level } =>
  to === "fault"
    ? { name: "vrrp.fault", level: "warn" }
    : { name: "vrrp.transition", level: "info" };

/** What the transition itself took: waiting for a router that is silent is not part of it. */
const tookMs = ({ steps }: Transition): number =>
  toMilliseconds(sum(...steps.filter(({ name }) => name !== "detect").map(({ took }) => took)));
