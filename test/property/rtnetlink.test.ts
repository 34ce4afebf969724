import fc from "fast-check";
import { expect, test } from "vitest";
import { type IpAddress, type IpFamily, ipFromBytes, type Prefix } from "../../src/base/ip.ts";
import { MessageCursor, MessageWriter } from "../../src/wire/netlink.ts";
import type { AddressSpec, RouteSpec, RuleSpec } from "../../src/wire/objects.ts";
import { type Change, planChange } from "../../src/wire/rtnetlink/change.ts";
import type { Notification } from "../../src/wire/rtnetlink/entries.ts";
import { decodeNotification } from "../../src/wire/rtnetlink/notification.ts";
import { viewOf } from "../support/bytes.ts";

const byte = fc.nat(255);
const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffff_ffff);
/** Interfaces are called by their index here, so that every name has one. */
const lookup = (name: string): number => Number(name);
const interfaceName = fc.integer({ min: 1, max: 0x7fff_ffff }).map(String);

const ip = (family: IpFamily): fc.Arbitrary<IpAddress> =>
  fc
    .uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 })
    .map(ipFromBytes);
const prefix = (family: IpFamily): fc.Arbitrary<Prefix> =>
  fc.record({
    address: ip(family),
    length: fc.integer({ min: 1, max: family === 4 ? 32 : 128 }),
  });
const family = fc.constantFrom<IpFamily>(4, 6);
const range = (bound: fc.Arbitrary<number>): fc.Arbitrary<{ start: number; end: number }> =>
  fc.record({ start: bound, end: bound });

const address: fc.Arbitrary<AddressSpec> = family.chain((of) =>
  fc.record({
    interface: interfaceName,
    address: ip(of),
    prefixLength: fc.nat(of === 4 ? 32 : 128),
    scope: byte,
    flags: uint32,
    protocol: byte,
    validLifetime: fc.oneof(fc.constant("forever" as const), fc.nat(0xffff_fffe)),
    preferredLifetime: fc.oneof(fc.constant("forever" as const), fc.nat(0xffff_fffe)),
  }),
);

const route: fc.Arbitrary<RouteSpec> = family.chain((of) =>
  fc.record({
    family: fc.constant(of),
    type: fc.constantFrom("unicast", "blackhole", "local", "throw"),
    destination: prefix(of),
    preferredSource: ip(of),
    gateway: fc.oneof(ip(4), ip(6)),
    interface: interfaceName,
    metric: uint32,
    table: fc.integer({ min: 1, max: 0xffff_ffff }),
    protocol: byte,
    scope: byte,
    tos: byte,
    onlink: fc.boolean(),
    metrics: fc.record({ mtu: uint32, initrwnd: uint32 }, { requiredKeys: [] }),
    lockedMetrics: fc.constant([]),
    nexthops: fc.array(
      fc.record({
        gateway: fc.oneof(ip(4), ip(6)),
        interface: interfaceName,
        weight: fc.integer({ min: 1, max: 256 }),
        onlink: fc.boolean(),
      }),
      { maxLength: 20 },
    ),
  }),
);

const rule: fc.Arbitrary<RuleSpec> = family.chain((of) =>
  fc.record(
    {
      family: fc.constant(of),
      action: fc.constantFrom("lookup", "prohibit", "blackhole", "unreachable", "nop"),
      not: fc.boolean(),
      table: fc.nat(0xffff_ffff),
      preference: uint32,
      protocol: byte,
      l3mdev: fc.boolean(),
      from: prefix(of),
      to: prefix(of),
      firewallMark: fc.record({ value: fc.integer({ min: 1, max: 0xffff_ffff }), mask: uint32 }),
      inputInterface: fc.string({ minLength: 1, maxLength: 15, unit: "grapheme-ascii" }),
      tos: fc.integer({ min: 1, max: 255 }),
      realms: fc.record({ from: uint16, to: uint16 }),
      suppressPrefixLength: byte,
      tunnelId: fc.nat(Number.MAX_SAFE_INTEGER),
      userRange: range(uint32),
      ipProtocol: byte,
      sourcePorts: range(uint16),
      destinationPorts: range(uint16),
      goto: uint32,
    },
    { requiredKeys: ["family", "action", "not", "table", "preference", "protocol", "l3mdev"] },
  ),
);

/** What the kernel would say if it kept what it was told. */
function echo(change: Change, dirt: number): Notification | undefined {
  const plan = planChange(change, lookup);
  if (!plan.ok) throw new Error(plan.fault);
  const view = viewOf(new Uint8Array(2048).fill(dirt));
  const writer = new MessageWriter(view);
  writer.begin({ type: plan.value.type, flags: plan.value.flags, sequence: 1 });
  plan.value.write(writer);
  expect(writer.finish()).toBe(true);
  const cursor = new MessageCursor(view);
  cursor.reset(writer.size);
  expect(cursor.next()).toBe(true);
  return decodeNotification(view, cursor);
}

test("an address is read as it was written, even in a dirty buffer", () => {
  fc.assert(
    fc.property(address, byte, (spec, dirt) => {
      const { interface: name, ...rest } = spec;
      const note = echo({ type: "address", verb: "replace", spec }, dirt);
      expect(note?.entry).toMatchObject({ ...rest, index: Number(name) });
    }),
  );
});

test("a route is read as it was written", () => {
  fc.assert(
    fc.property(route, byte, (spec, dirt) => {
      const { interface: name, nexthops, onlink, lockedMetrics: _, ...rest } = spec;
      const note = echo({ type: "route", verb: "add", spec }, dirt);
      expect(note?.entry).toEqual({
        ...rest,
        index: Number(name),
        flags: onlink ? 4 : 0,
        nexthops: nexthops.map(({ interface: hop, gateway, weight, onlink: direct }) => ({
          gateway,
          weight,
          onlink: direct,
          index: Number(hop),
        })),
      });
    }),
  );
});

test("a rule is read as it was written", () => {
  fc.assert(
    fc.property(rule, byte, (spec, dirt) => {
      expect(echo({ type: "rule", verb: "add", spec }, dirt)?.entry).toEqual(spec);
    }),
  );
});

test("no bytes make the readers throw or read for ever", () => {
  const types = fc.constantFrom(16, 17, 20, 21, 24, 25, 28, 29, 32, 33);
  fc.assert(
    fc.property(types, byte, fc.uint8Array({ maxLength: 300 }), (type, of, body) => {
      const message = new Uint8Array(16 + body.length);
      message.set(body, 16);
      message[16] = [2, 10, of][of % 3]!;
      const view = viewOf(message);
      view.setUint32(0, message.length, true);
      view.setUint16(4, type, true);
      const cursor = new MessageCursor(view);
      cursor.reset(message.length);
      while (cursor.next()) decodeNotification(view, cursor);
    }),
    { numRuns: 2_000 },
  );
});
