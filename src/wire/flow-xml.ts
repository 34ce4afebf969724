/**
 * Flows and expectations as the elements that conntrackd -i -x and -e -x print, one a line without a document around
 * them, and as there without ICMP headers. Names are escaped, and states of SCTP and DCCP are called by their own names.
 */
import { expectationView } from "./flow-expectation-view.ts";
import { PROTOCOL, protocolName } from "./flow-numbers.ts";
import type { Span } from "./flow-record.ts";
import type { FlowUsage } from "./flow-usage.ts";
import { type Directions, type FlowView, flowView, type TupleView } from "./flow-view.ts";

/** One <flow> element. Of "original" the reply is an empty tuple. `usage` as for describeFlow(). */
export function flowXml(record: Span, directions: Directions, usage?: FlowUsage): string {
  const { timeout, ...flow } = flowView(record);
  const tuples = [
    directionXml("original", flow.original, usage?.original),
    directions === "both" ? directionXml("reply", flow.reply, usage?.reply) : EMPTY_REPLY,
  ];
  const helper = flow.helper === undefined ? "" : element("helper", escaped(flow.helper));
  const shown = usage === undefined || timeout === undefined ? flow : { ...flow, timeout };
  return element("flow", ...tuples, independentXml(shown), helper);
}

const EMPTY_REPLY =
  '<meta direction="reply"><layer3 protonum="0" protoname="unknown"><src></src><dst></dst></layer3>' +
  '<layer4 protonum="0" protoname="unknown"></layer4></meta>';

const directionXml = (direction: string, tuple: TupleView, count?: FlowUsage["original"]): string =>
  `<meta direction="${direction}">` +
  layer3Xml(tuple, addressesXml(tuple)) +
  layer4Xml(tuple, headerXml(tuple)) +
  (count === undefined ? "" : countersXml(count)) +
  "</meta>";

const countersXml = ({ packets, bytes }: NonNullable<FlowUsage["original"]>): string =>
  element("counters", element("packets", `${packets}`), element("bytes", `${bytes}`));

function independentXml({ state, timeout, mark, zone, status }: FlowView): string {
  const parts = [
    state !== undefined && element("state", state),
    timeout !== undefined && element("timeout", `${timeout}`),
    mark !== undefined && element("mark", `${mark}`),
    zone !== undefined && element("zone", `${zone}`),
    status?.includes("assured") === true && "<assured/>",
    status !== undefined && !status.includes("seenReply") && "<unreplied/>",
  ].filter((part) => part !== false);
  if (parts.length === 0 && status === undefined) return "";
  return `<meta direction="independent">${parts.join("")}</meta>`;
}

/** One <flow> element, too. */
export function expectationXml(record: Span): string {
  const expectation = expectationView(record);
  const { expected, mask, master } = expectation;
  const tuples = { expected, mask, master };
  const parts = (write: (tuple: TupleView) => string): string =>
    Object.entries(tuples)
      .map(([name, tuple]) => element(name, write(tuple)))
      .join("");
  const meta = [
    expectation.helper === undefined ? "" : element("helper-name", escaped(expectation.helper)),
    expectation.class === undefined ? "" : element("class", `${expectation.class}`),
    ...expectation.flags.map((flag) => `<${flag}/>`),
  ];
  return element(
    "flow",
    layer3Xml(expected, parts(addressesXml)),
    layer4Xml(expected, parts(headerXml)),
    element("meta", ...meta),
  );
}

/** Address families have the numbers of the kernel. */
function layer3Xml({ family }: TupleView, content: string): string {
  const [number, name] = family === 4 ? [2, "ipv4"] : [10, "ipv6"];
  return `<layer3 protonum="${number}" protoname="${name}">${content}</layer3>`;
}

const layer4Xml = ({ protocol }: TupleView, content: string): string =>
  `<layer4 protonum="${protocol}" protoname="${protocolName(protocol)}">${content}</layer4>`;

const addressesXml = ({ source, destination }: TupleView): string =>
  element("src", source) + element("dst", destination);

function headerXml({ protocol, sourcePort, destinationPort }: TupleView): string {
  if (sourcePort === undefined || destinationPort === undefined) return "";
  if (protocol === PROTOCOL.gre) {
    const [source, destination] = [sourcePort, destinationPort].map((key) => key.toString(16));
    return element("srckey", `0x${source}`) + element("dstkey", `0x${destination}`);
  }
  return element("sport", `${sourcePort}`) + element("dport", `${destinationPort}`);
}

const element = (name: string, ...content: readonly string[]): string =>
  `<${name}>${content.join("")}</${name}>`;

const ENTITIES: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;" };

const escaped = (text: string): string =>
  text.replaceAll(/[<>&]/g, (letter) => ENTITIES[letter] ?? letter);
