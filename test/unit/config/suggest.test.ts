import { expect, test } from "vitest";
import { nearest } from "../../../src/config/suggest.ts";

const KNOWN = ["priority", "preempt", "interface", "state", "MASTER", "BACKUP"];

test.each([
  ["priorty", "priority"],
  ["pirority", "priority"],
  ["Priority", "priority"],
  ["master", "MASTER"],
  ["SLAVE", undefined],
  ["x", undefined],
  ["", undefined],
  ["completely_different", undefined],
])("%j is near to %j", (word, expected) => {
  expect(nearest(word, KNOWN)).toBe(expected);
});
