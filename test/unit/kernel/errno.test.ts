import { expect, test } from "vitest";
import { ERRNO, errnoCode, errnoText, SyscallError } from "../../../src/kernel/errno.ts";

test("an error names the call, its subject and the reason", () => {
  const error = new SyscallError(
    "setsockopt",
    ERRNO.EADDRNOTAVAIL,
    "IP_ADD_MEMBERSHIP 224.0.0.18 on eth1",
  );
  expect(error.message).toBe(
    "setsockopt IP_ADD_MEMBERSHIP 224.0.0.18 on eth1: EADDRNOTAVAIL: address not available",
  );
  expect(error).toMatchObject({
    syscall: "setsockopt",
    code: "EADDRNOTAVAIL",
    name: "SyscallError",
  });
});

test("a call without a subject is named alone", () => {
  expect(new SyscallError("epoll_create1", ERRNO.EMFILE, "").message).toBe(
    "epoll_create1: EMFILE: too many open files",
  );
});

test("numbers that have no name are kept", () => {
  expect([errnoCode(9999), errnoText(9999)]).toEqual(["errno 9999", "unknown error"]);
  expect(errnoCode(ERRNO.EMULTIHOP)).toBe("EMULTIHOP");
});
