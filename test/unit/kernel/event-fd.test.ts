import { readSync } from "node:fs";
import { expect, test } from "vitest";
import { SyscallError } from "../../../src/kernel/errno.ts";
import { EventFd } from "../../../src/kernel/event-fd.ts";

/** What the counter says, which resets it; undefined while it is 0. */
function counter({ fd }: EventFd): bigint | undefined {
  const buffer = Buffer.alloc(8);
  try {
    readSync(fd, buffer);
    return buffer.readBigUInt64LE();
  } catch {
    return undefined;
  }
}

test("signals add up until they are drained", () => {
  const event = EventFd.create();
  expect(counter(event)).toBeUndefined();
  event.signal();
  EventFd.adopt(event.fd).signal();
  expect(counter(event)).toBe(2n);
  event.signal();
  event.drain();
  expect(counter(event)).toBeUndefined();
  event.drain();
  event.close();
});

test("a closed descriptor is an error that says so", () => {
  const event = EventFd.create();
  event.close();
  expect(() => {
    EventFd.adopt(-1).signal();
  }).toThrow(SyscallError);
  expect(() => {
    EventFd.adopt(-1).drain();
  }).toThrow("read eventfd -1: EBADF");
});
