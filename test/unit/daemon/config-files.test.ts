import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemEnvironment, systemFiles } from "../../../src/daemon/config-files.ts";

let folder = "";
const at = (name: string): string => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "duet-config-files-"));
  mkdirSync(at("conf.d"));
  for (const name of ["b.conf", "a.conf", "a.txt", ".hidden.conf", "x[1].conf"])
    writeFileSync(at(`conf.d/${name}`), name);
  writeFileSync(at("latin1"), Uint8Array.of(0x23, 0xfc, 0x0a));
  writeFileSync(at("bom"), "\uFEFFtext");
  writeFileSync(at("script"), "#!/bin/sh\n");
  chmodSync(at("script"), 0o644);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a pattern", () => {
  test.each([
    ["*.conf", ["a.conf", "b.conf", "x[1].conf"]],
    ["?.conf", ["a.conf", "b.conf"]],
    ["[!a].conf", ["b.conf"]],
    ["{b,a}.{conf,txt}", ["b.conf", "a.conf", "a.txt"]],
    [".*.conf", [".hidden.conf"]],
    ["*.none", []],
    ["[z-a].conf", []],
  ])("%s matches %j", (pattern, expected) => {
    const found = systemFiles.glob(at(`conf.d/${pattern}`));
    expect(found).toEqual(expected.map((name) => at(`conf.d/${name}`)));
  });

  test("may have a wildcard in a folder", () => {
    expect(systemFiles.glob(at("*.d/a.conf"))).toEqual([at("conf.d/a.conf")]);
  });
});

describe("a file", () => {
  test("in Latin-1 is read byte by byte", () => {
    expect(systemFiles.read(at("latin1"))).toEqual({ ok: true, text: "#ü\n" });
  });

  test("loses its byte order mark", () => {
    expect(systemFiles.read(at("bom"))).toEqual({ ok: true, text: "text" });
  });

  test.each([
    ["none", "there is no such file"],
    ["conf.d", "it is not a regular file"],
    ["bom/x", "a part of its path is no folder"],
  ])("%s cannot be read: %s", (name, reason) => {
    expect(systemFiles.read(at(name))).toEqual({ ok: false, reason });
  });
});

describe("this router", () => {
  const router = systemEnvironment({ configId: "left" });

  test("has a loopback interface, a root user and a shell", () => {
    expect(router.interfaces).toContain("lo");
    expect(router.addresses).toContain("127.0.0.1");
    expect(router.userExists?.("root")).toBe(true);
    expect(router.commandStatus?.("sh")).toBe("ok");
    expect(router.configId).toBe("left");
  });

  test("tells missing, unexecutable and insecure programs apart", () => {
    expect(router.userExists?.("no-such-user")).toBe(false);
    expect(router.commandStatus?.(at("none"))).toBe("missing");
    expect(router.commandStatus?.(at("script"))).toBe("not-executable");
    chmodSync(at("script"), 0o755);
    expect(router.commandStatus?.(at("script"))).toBe("insecure");
  });
});
