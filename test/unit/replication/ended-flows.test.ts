import { beforeEach, expect, test } from "vitest";
import { EndedFlows } from "../../../src/replication/ended-flows.ts";
import { Span } from "../../../src/wire/flow-record.ts";
import { bytes } from "../../support/bytes.ts";

/** A UDP flow from 192.168.1.100 to 203.0.113.10 with this source port. */
function flow(port: number): Span {
  const { buffer } = bytes(
    `000c0000 c0a80164 cb00710a 00050002 11000000 00080003 ${port.toString(16).padStart(4, "0")} 14ea`,
  );
  return new Span(new DataView(buffer));
}

let ended: EndedFlows;

beforeEach(() => {
  ended = new EndedFlows("flow");
});

test("a flow that ended while a dump runs is a ghost when the dump brings it", () => {
  ended.begin();
  expect(ended.isGhost("destroy", flow(1))).toBe(false);
  expect(ended.isGhost("dump", flow(1))).toBe(true);
  expect(ended.isGhost("dump", flow(2))).toBe(false);
});

test("a flow that began anew after it had ended is none", () => {
  ended.begin();
  ended.isGhost("destroy", flow(1));
  expect(ended.isGhost("new", flow(1))).toBe(false);
  expect(ended.isGhost("dump", flow(1))).toBe(false);
});

test("what ended before the dump began, or during an earlier one, does not matter", () => {
  ended.isGhost("destroy", flow(1));
  ended.begin();
  ended.isGhost("destroy", flow(2));
  ended.end();
  ended.begin();
  expect([flow(1), flow(2)].map((record) => ended.isGhost("dump", record))).toEqual([false, false]);
});
