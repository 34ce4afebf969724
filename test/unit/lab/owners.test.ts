import { expect, test } from "vitest";
import { instant } from "../../../src/base/time.ts";
import { describeOwners, ownedSince, ownersDuring, singleOwner } from "../../../src/lab/owners.ts";
import { ROUTER_MACS } from "../../../src/lab/topology.ts";

const alpha = ROUTER_MACS.alpha.lan;
const beta = ROUTER_MACS.beta.lan;
const at = (time: number, ...macs: (typeof alpha)[]) => ({ at: instant(time), macs });
const history = [at(0), at(10, alpha), at(20), at(30, alpha, beta), at(40, beta)];

test("names routers, strangers and nobody", () => {
  expect(describeOwners([])).toBe("nobody");
  expect(describeOwners([alpha, beta])).toBe("alpha and beta");
  expect(describeOwners(["02:00:00:00:00:01" as typeof alpha])).toBe("02:00:00:00:00:01");
});

test("there is a single owner only while exactly one answers", () => {
  expect(singleOwner([])).toBeUndefined();
  expect(singleOwner(history.slice(0, 2))).toBe("alpha");
  expect(singleOwner(history.slice(0, 3))).toBeUndefined();
  expect(singleOwner(history.slice(0, 4))).toBeUndefined();
  expect(singleOwner(history)).toBe("beta");
});

test("an owner counts from when it was alone for good, not from when it first answered", () => {
  expect(ownedSince(history, "beta")).toBe(40);
  expect(ownedSince(history, "alpha")).toBeUndefined();
  expect(ownedSince([at(5, alpha)], "alpha")).toBe(5);
  expect(ownedSince([], "alpha")).toBeUndefined();
});

test("what held at the start of a window belongs to it, and what came after its end does not", () => {
  expect(ownersDuring(history, instant(15), instant(30))).toEqual(history.slice(1, 4));
  expect(ownersDuring(history, instant(10), instant(19))).toEqual([history[1]]);
  expect(ownersDuring([], instant(10), instant(19))).toEqual([]);
});
