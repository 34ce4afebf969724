/**
 * Flows and expectations as the lines that conntrackd -i and -e print, without the age at their end. Scripts parse
 * these lines, so words and blanks are kept to.
 */
import { expectationView } from "./flow-expectation-view.ts";
import { PROTOCOL } from "./flow-numbers.ts";
import type { Span } from "./flow-record.ts";
import { type Directions, type FlowView, flowView, type TupleView } from "./flow-view.ts";

/** One line, without a line feed. */
export function describeFlow(record: Span, directions: Directions): string {
  const flow = flowView(record);
  const { status } = flow;
  return words([
    `${flow.protocol.padEnd(8)} ${flow.original.protocol}`,
    flow.state,
    describeTuple(flow.original),
    status !== undefined && !status.includes("seenReply") && "[UNREPLIED]",
    directions === "both" && describeTuple(flow.reply),
    fastPath(flow),
    flow.mark !== undefined && `mark=${flow.mark}`,
    flow.zone !== undefined && `zone=${flow.zone}`,
    flow.helper !== undefined && `helper=${flow.helper}`,
  ]);
}

function fastPath({ status = [] }: FlowView): string | undefined {
  if (status.includes("hardwareOffload")) return "[HW_OFFLOAD]";
  if (status.includes("offload")) return "[OFFLOAD]";
  return status.includes("assured") ? "[ASSURED]" : undefined;
}

/** One line, without a line feed. */
export function describeExpectation(record: Span): string {
  const expectation = expectationView(record);
  const { expected, mask, master } = expectation;
  return words([
    `proto=${expected.protocol}`,
    describeTuple(expected),
    `mask-src=${mask.source} mask-dst=${mask.destination}`,
    describeHeader(mask),
    `master-src=${master.source} master-dst=${master.destination}`,
    describeHeader(master),
    expectation.flags.map((flag) => flag.toUpperCase()).join(","),
    expectation.class !== undefined && `class=${expectation.class}`,
    expectation.helper !== undefined && `helper=${expectation.helper}`,
  ]);
}

const describeTuple = (tuple: TupleView): string =>
  words([`src=${tuple.source} dst=${tuple.destination}`, describeHeader(tuple)]);

/** What comes behind the IP header. */
function describeHeader(tuple: TupleView): string | undefined {
  const { protocol, sourcePort, destinationPort, icmpType, icmpCode, icmpId } = tuple;
  if (icmpType !== undefined) return `type=${icmpType} code=${icmpCode ?? 0} id=${icmpId ?? 0}`;
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  if (protocol === PROTOCOL.gre) return `srckey=${hex(sourcePort)} dstkey=${hex(destinationPort)}`;
  return `sport=${sourcePort} dport=${destinationPort}`;
}

const hex = (value: number): string => `0x${value.toString(16)}`;

const words = (parts: readonly (string | false | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== false && part !== "").join(" ");
