import { expect, test } from "vitest";
import type { EventPage } from "../../../src/control/contract.ts";
import { EventRing } from "../../../src/control/event-ring.ts";
import { newEvent } from "./fixtures.ts";

function filled(count: number, countMax: number): EventRing {
  const ring = new EventRing("life", countMax);
  for (let index = 1; index <= count; index += 1) ring.append(newEvent(`${index}`));
  return ring;
}

const texts = ({ events }: EventPage): string[] => events.map(({ text }) => text);

test("an empty ring has nothing, and a place to go on from", () => {
  const ring = filled(0, 3);
  expect(ring.latest(10)).toEqual({ events: [], complete: true, next: "life-0" });
  expect(ring.after("life-0", 10)).toEqual({ events: [], complete: true, next: "life-0" });
});

test("the oldest events make room", () => {
  expect(texts(filled(5, 3).latest(10))).toEqual(["3", "4", "5"]);
});

test("the newest are listed oldest first", () => {
  expect(texts(filled(5, 10).latest(2))).toEqual(["4", "5"]);
});

test("pages follow each other without a gap", () => {
  const ring = filled(5, 10);
  const first = ring.after("life-1", 2);
  expect(texts(first)).toEqual(["2", "3"]);
  expect(texts(ring.after(first.next, 2))).toEqual(["4", "5"]);
});

test("a reader learns that events were lost to it", () => {
  const ring = filled(5, 3);
  expect(ring.after("life-1", 10)).toMatchObject({ complete: false });
  expect(texts(ring.after("life-1", 10))).toEqual(["3", "4", "5"]);
  expect(ring.after("life-2", 10)).toMatchObject({ complete: true });
});

test.each(["other-3", "life-", "life-x", "", "life"])("the id %j is before everything", (id) => {
  expect(texts(filled(3, 10).after(id, 10))).toEqual(["1", "2", "3"]);
});

test("an id that is still to come has nothing after it", () => {
  expect(texts(filled(3, 10).after("life-9", 10))).toEqual([]);
});

test("subscribers are told until they leave", () => {
  const ring = filled(0, 3);
  const heard: string[] = [];
  const leave = ring.subscribe(({ id }) => {
    heard.push(id);
  });
  ring.append(newEvent("one"));
  leave();
  ring.append(newEvent("two"));
  expect(heard).toEqual(["life-1"]);
});
