/**
 * Flows and expectations as the lines that conntrackd -i and -e print, without the age at their end. Scripts parse
 * these lines, so words and blanks are kept to.
 */
import { expectationView } from "./flow-expectation-view.ts";
import { PROTOCOL } from "./flow-numbers.ts";
import type { Span } from "./flow-record.ts";
import type { FlowUsage } from "./flow-usage.ts";
import { type Directions, type FlowView, flowView, type TupleView } from "./flow-view.ts";

/** One line, without a line feed. With `usage` the record is one that the kernel has just told, so its timeout is shown, too. */
export function describeFlow(record: Span, directions: Directions, usage?: FlowUsage): string {
  const flow = flowView(record);
  const { status } = flow;
  return words([
    `${flow.protocol.padEnd(8)} ${flow.original.protocol}`,
    usage && secondsLeft(flow),
    flow.state,
    describeTuple(flow.original),
    describeCount(usage?.original),
    status !== undefined && !status.includes("seenReply") && "[UNREPLIED]",
    directions === "both" && describeTuple(flow.reply),
    describeCount(usage?.reply),
    fastPath(flow),
    flow.mark !== undefined && `mark=${flow.mark}`,
    flow.zone !== undefined && `zone=${flow.zone}`,
    flow.helper !== undefined && `helper=${flow.helper}`,
    describeReferences(usage),
  ]);
}

const secondsLeft = ({ timeout }: { readonly timeout?: number }): string | undefined =>
  timeout === undefined ? undefined : `${timeout}`;

const describeReferences = (usage: FlowUsage | undefined): string | undefined =>
  usage?.references === undefined ? undefined : `use=${usage.references}`;

const describeCount = (count: FlowUsage["original"]): string | undefined =>
  count && `packets=${count.packets} bytes=${count.bytes}`;

function fastPath({ status = [] }: FlowView): string | undefined {
  if (status.includes("hardwareOffload")) return "[HW_OFFLOAD]";
  if (status.includes("offload")) return "[OFFLOAD]";
  return status.includes("assured") ? "[ASSURED]" : undefined;
}

/** One line, without a line feed; with the timeout where it is one that the kernel has just told. */
export function describeExpectation(record: Span, withTimeout = false): string {
  const expectation = expectationView(record);
  const { expected, mask, master } = expectation;
  return words([
    withTimeout && secondsLeft(expectation),
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
