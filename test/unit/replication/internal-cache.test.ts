import { describe, expect, test } from "vitest";
import { NONE } from "../../../src/replication/flow-table.ts";
import { InternalCache, RESEND, TRANSMIT } from "../../../src/replication/internal-cache.ts";
import { CT_DEL, CT_NEW, CT_UPD } from "../../../src/wire/flow-sync.ts";
import { recordHex } from "../../support/record-bytes.ts";
import { at, flowRecord } from "../../support/replication-flows.ts";

const cache = (limit = 10, deadMax = 5): InternalCache =>
  new InternalCache({ kind: "flow", limit, seed: 1, deadMax });

/** Sends all that waits, from `sequence` on, and returns the types of the messages. */
function sendAll(flows: InternalCache, sequence: number): number[] {
  const types: number[] = [];
  for (let slot = flows.table.first(TRANSMIT); slot !== NONE; slot = flows.table.first(TRANSMIT)) {
    types.push(flows.typeOf(slot));
    flows.sent(slot, sequence + types.length - 1);
  }
  return types;
}

describe("an internal cache", () => {
  test("sends a flow as new until the peer has it, then as updated, then as deleted", () => {
    const flows = cache();
    flows.observe("new", flowRecord(1), at(0));
    expect(sendAll(flows, 10)).toEqual([CT_NEW]);
    flows.observe("update", flowRecord(1, { state: 4 }), at(1));
    expect(sendAll(flows, 11), "the first one may have been lost").toEqual([CT_NEW]);
    flows.acknowledge(11, 11);
    flows.observe("update", flowRecord(1, { state: 5 }), at(1));
    expect(sendAll(flows, 12)).toEqual([CT_UPD]);
    flows.observe("destroy", flowRecord(1), at(2));
    expect(sendAll(flows, 13)).toEqual([CT_DEL]);
    expect(flows.table.count).toBe(1);
    flows.acknowledge(13, 13);
    expect(flows.table.count).toBe(0);
  });

  test("sends a flow once, however often it changes meanwhile", () => {
    const flows = cache();
    for (const state of [1, 2, 3]) flows.observe("update", flowRecord(1, { state }), at(0));
    expect(flows.table.lengthOf(TRANSMIT)).toBe(1);
    expect(recordHex(flows.record(flows.table.first(TRANSMIT)))).toBe(
      recordHex(flowRecord(1, { state: 3 })),
    );
  });

  test("keeps what an update does not mention", () => {
    const flows = cache();
    flows.observe("new", flowRecord(1, { mark: 7, timeout: 10 }), at(0));
    flows.observe("update", flowRecord(1, { state: 4, timeout: 5 }), at(0));
    expect(recordHex(flows.record(0))).toBe(
      recordHex(flowRecord(1, { state: 4, mark: 7, timeout: 5 })),
    );
  });

  test("never mentions a flow that came and went before it was sent", () => {
    const flows = cache();
    flows.observe("new", flowRecord(1), at(0));
    flows.observe("destroy", flowRecord(1), at(0));
    expect(flows.table.count).toBe(0);
  });

  test("sends as new what comes back with the tuple of a dead flow", () => {
    const flows = cache();
    flows.observe("new", flowRecord(1, { mark: 7 }), at(0));
    sendAll(flows, 1);
    flows.acknowledge(1, 1);
    flows.observe("destroy", flowRecord(1), at(1));
    flows.observe("new", flowRecord(1), at(1));
    expect(sendAll(flows, 2)).toEqual([CT_NEW]);
    expect(recordHex(flows.record(0))).toBe(recordHex(flowRecord(1)));
    flows.observe("destroy", flowRecord(1), at(2));
    expect(sendAll(flows, 3), "the peer may still have the old one").toEqual([CT_DEL]);
  });

  test("sends again what was asked for, but not what was superseded", () => {
    const flows = cache();
    for (const number of [1, 2, 3]) flows.observe("new", flowRecord(number), at(0));
    sendAll(flows, 1);
    flows.observe("update", flowRecord(2, { state: 5 }), at(0));
    sendAll(flows, 4);
    expect(flows.repeat(1, 2)).toBe(1);
    expect(flows.table.lengthOf(TRANSMIT)).toBe(1);
    expect(flows.table.lengthOf(RESEND)).toBe(2);
    flows.acknowledge(3, 3);
    expect(flows.table.lengthOf(RESEND)).toBe(1);
  });

  test("acknowledges across the wrap of numbers", () => {
    const flows = cache();
    for (const number of [1, 2, 3]) flows.observe("new", flowRecord(number), at(0));
    let sequence = 0xffff_fffe;
    for (
      let slot = flows.table.first(TRANSMIT);
      slot !== NONE;
      slot = flows.table.first(TRANSMIT)
    ) {
      flows.sent(slot, sequence);
      sequence = (sequence + 1) >>> 0;
    }
    flows.acknowledge(0xffff_ffff, 0);
    expect(flows.table.lengthOf(RESEND)).toBe(1);
    flows.acknowledge(0xffff_fff0, 5);
    expect(flows.table.lengthOf(RESEND)).toBe(0);
  });

  test("counts what it has no room for", () => {
    const flows = cache(2);
    for (const number of [1, 2, 3]) flows.observe("new", flowRecord(number), at(0));
    expect(flows.counters).toMatchObject({ created: 2, refused: 1 });
  });

  test("prefers the living to the dead when it is full, and remembers that the peer was not told", () => {
    const flows = cache(2);
    flows.observe("new", flowRecord(1), at(0));
    flows.observe("new", flowRecord(2), at(0));
    sendAll(flows, 1);
    flows.observe("destroy", flowRecord(1), at(0));
    expect(flows.hasDoubt).toBe(false);
    flows.observe("new", flowRecord(3), at(0));
    expect(flows.counters).toMatchObject({ created: 3, refused: 0, evicted: 1 });
    expect(flows.hasDoubt).toBe(true);
  });

  test("finds out from a dump what has vanished, and sends only what is new to it", () => {
    const flows = cache();
    for (const number of [1, 2, 3])
      flows.observe("new", flowRecord(number, { timeout: 90 }), at(0));
    sendAll(flows, 1);
    flows.acknowledge(1, 3);
    flows.beginDump();
    flows.observe("dump", flowRecord(1, { timeout: 50 }), at(9));
    flows.observe("dump", flowRecord(2, { timeout: 50, state: 5 }), at(9));
    flows.observe("dump", flowRecord(4, { timeout: 50 }), at(9));
    expect(flows.endDump()).toBe(1);
    expect(sendAll(flows, 4)).toEqual([CT_UPD, CT_NEW, CT_DEL]);
    expect(recordHex(flows.record(0)), "the timeout is taken over").toBe(
      recordHex(flowRecord(1, { timeout: 50 })),
    );
  });

  test("takes a mark of zero, of which only dumps speak, for no news, and any other for news", () => {
    const flows = cache();
    for (const number of [1, 2, 3])
      flows.observe("new", flowRecord(number, { timeout: 90, zone: 7 }), at(0));
    flows.observe("update", flowRecord(3, { timeout: 90, zone: 7, mark: 5 }), at(0));
    sendAll(flows, 1);
    flows.acknowledge(1, 3);
    flows.beginDump();
    flows.observe("dump", flowRecord(1, { timeout: 50, zone: 7, mark: 0 }), at(9));
    flows.observe("dump", flowRecord(2, { timeout: 50, zone: 7, mark: 9 }), at(9));
    flows.observe("dump", flowRecord(3, { timeout: 50, zone: 7, mark: 0 }), at(9));
    expect(flows.endDump()).toBe(0);
    expect(sendAll(flows, 4)).toEqual([CT_UPD, CT_UPD]);
    expect(recordHex(flows.record(2))).toBe(
      recordHex(flowRecord(3, { timeout: 50, zone: 7, mark: 0 })),
    );
  });

  test("says nothing while it is not the one that sends", () => {
    const flows = cache();
    flows.observe("new", flowRecord(1), at(0));
    sendAll(flows, 1);
    flows.observe("new", flowRecord(2), at(0));
    flows.setSending(false);
    flows.observe("new", flowRecord(3), at(0));
    flows.observe("destroy", flowRecord(1), at(0));
    expect([flows.table.lengthOf(TRANSMIT), flows.table.lengthOf(RESEND)]).toEqual([0, 0]);
    expect(flows.table.count).toBe(2);
  });
});
