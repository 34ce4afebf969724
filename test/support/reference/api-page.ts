import type * as v from "valibot";
import { STREAM_COUNT_MAX } from "../../../src/control/app.ts";
import { EVENTS_LIMIT_DEFAULT, EVENTS_LIMIT_MAX, PATHS } from "../../../src/control/contract.ts";
import {
  commitResultSchema,
  doneSchema,
  flowCountSchema,
  flushRequestSchema,
  replicationStatsSchema,
  tablesRequestSchema,
} from "../../../src/control/flows-schemas.ts";
import { LIST_COUNT_MAX } from "../../../src/control/flows-stream.ts";
import { PROBLEMS } from "../../../src/control/problems.ts";
import { BODY_SIZE_MAX } from "../../../src/control/requests.ts";
import {
  eventPageSchema,
  eventSchema,
  problemSchema,
  reloadSchema,
  resignRequestSchema,
  resignSchema,
  statusSchema,
} from "../../../src/control/schemas.ts";
import { CONNECTION_COUNT_MAX } from "../../../src/control/server.ts";
import { formatShape } from "./shape.ts";

export interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly does: string;
  readonly body?: v.GenericSchema;
  readonly answer?: v.GenericSchema;
}

export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: "GET",
    path: PATHS.status,
    does: "Roles with their reasons, what each instance sees, trackers, warnings of the configuration.",
    answer: statusSchema,
  },
  {
    method: "GET",
    path: PATHS.events,
    does: `The newest events, oldest first; with \`since=ID\` the oldest after that one. \`limit=N\`, 1 to ${EVENTS_LIMIT_MAX}, is ${EVENTS_LIMIT_DEFAULT} unless given. \`complete\` is false when events after \`since\` are no longer kept; \`next\` is the \`since\` to go on with.`,
    answer: eventPageSchema,
  },
  {
    method: "GET",
    path: PATHS.stream,
    does: "Events as they happen, as server-sent events. `Last-Event-ID` (or `since=ID`) resumes after that event; an event of type `missed` comes first when some after it are no longer kept. A comment comes every 15 seconds when nothing happens. A reader that is too slow is disconnected and may resume. The data of each event:",
    answer: eventSchema,
  },
  {
    method: "POST",
    path: PATHS.reload,
    does: "Reads the configuration again and applies the difference. `applied` is false when it has errors; the earlier one then stays in force.",
    answer: reloadSchema,
  },
  {
    method: "POST",
    path: PATHS.resign,
    does: "Asks a sync group or single instance to give up the Active role once.",
    body: resignRequestSchema,
    answer: resignSchema,
  },
  {
    method: "GET",
    path: PATHS.replicationStats,
    does: "Everything that the replication of flows counts. Only while the daemon replicates, as all paths below `/v1/replication`.",
    answer: replicationStatsSchema,
  },
  {
    method: "GET",
    path: PATHS.replicationList,
    does: `The entries of a table, one a line, in no order. \`cache\` is internal or external, \`table\` flows (unless given) or expectations, \`format\` text (unless given), xml, or json for one object a line. \`protocol\` is a number; \`source\` and \`destination\` are addresses or prefixes of the original direction; \`limit\` is a count. At most ${LIST_COUNT_MAX} lists are served at a time, and a connection that breaks off before the end of the answer means that entries are missing.`,
  },
  {
    method: "GET",
    path: PATHS.resendQueue,
    does: "What waits for an acknowledgement of the peer, one message a line as text.",
  },
  {
    method: "POST",
    path: PATHS.resync,
    does: "Asks the peer for all its flows.",
    answer: doneSchema,
  },
  {
    method: "POST",
    path: PATHS.send,
    does: "Sends all flows of this router to the peer. `flows` is how many were queued.",
    answer: flowCountSchema,
  },
  {
    method: "POST",
    path: PATHS.commit,
    does: "Writes the flows of the peer to the kernel. The answer comes when they are there; `failures` counts by errno name.",
    body: tablesRequestSchema,
    answer: commitResultSchema,
  },
  {
    method: "POST",
    path: PATHS.flush,
    does: "Empties tables of the daemon, both unless given. `flows` is how many were in them.",
    body: flushRequestSchema,
    answer: flowCountSchema,
  },
  {
    method: "POST",
    path: PATHS.kernelResync,
    does: "Reads the flows of the kernel again. `flows` is how many of them are replicated.",
    body: tablesRequestSchema,
    answer: flowCountSchema,
  },
  {
    method: "GET",
    path: PATHS.metrics,
    does: "States and counters as OpenMetrics text.",
  },
  {
    method: "GET",
    path: PATHS.config,
    does: "The configuration in force as the daemon understood it, every default filled in, secrets masked. Its shape may change between versions.",
  },
];

/** docs/reference/api.md. */
export function apiPage(): string {
  const problems = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`,
  );
  return `# Control socket

HTTP with JSON over a UNIX socket, \`/run/duet/duet.sock\` unless \`--socket\` says otherwise. Only its owner may open it.

\`\`\`sh
curl --unix-socket /run/duet/duet.sock http://duet/v1/status
\`\`\`

Times are ISO 8601 in UTC; what there is not is null. Within version 1 fields are added, never removed or given another
meaning: ignore what you do not know. At most ${CONNECTION_COUNT_MAX} connections, of which ${STREAM_COUNT_MAX} read the event stream, and bodies of at most
${BODY_SIZE_MAX} bytes are taken.

${ENDPOINTS.map((endpoint) => endpointSection(endpoint)).join("\n")}
## Problems

What cannot be done is answered with \`application/problem+json\` (RFC 9457). \`code\` is stable:

\`\`\`
${formatShape(problemSchema)}
\`\`\`

| code | status | meaning |
|---|---|---|
${problems.join("\n")}
`;
}

function endpointSection({ method, path, does, body, answer }: Endpoint): string {
  const shape = (title: string, schema: v.GenericSchema | undefined): string =>
    schema === undefined ? "" : `\n${title}\n\n\`\`\`\n${formatShape(schema)}\n\`\`\`\n`;
  return `## ${method} ${path}\n\n${does}\n${shape("Body:", body)}${shape("Answer:", answer)}`;
}
