import { expect, test } from "vitest";
import { lookUpIdentity } from "../../../src/daemon/users.ts";

test("a user stands for its ids", () => {
  expect(lookUpIdentity("root", undefined)).toEqual({ uid: 0, gid: 0 });
});

test("a group replaces the user's own", () => {
  expect(lookUpIdentity("root", "daemon")).toEqual({ uid: 0, gid: 1 });
});

test("a number is an id", () => {
  expect(lookUpIdentity("0", "1")).toEqual({ uid: 0, gid: 1 });
});

test.each([
  ["no-such-user", undefined, "no user no-such-user in /etc/passwd"],
  ["root", "no-such-group", "no group no-such-group in /etc/group"],
  ["", undefined, "no user  in /etc/passwd"],
])("%j with group %j is unknown", (user, group, message) => {
  expect(() => lookUpIdentity(user, group)).toThrow(message);
});
