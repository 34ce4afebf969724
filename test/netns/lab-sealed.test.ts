import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { NETNS_FOLDER } from "../../src/lab/provisioning.ts";
import { listFolder } from "../../src/lab/registry.ts";
import { waitUntil } from "../../src/lab/waiting.ts";
import { DUET, fastConfiguration, processesMarked } from "../support/lab.ts";

const configuration = fastConfiguration();
afterAll(() => {
  configuration.remove();
});

/** For what takes a second where nobody else computes. */
const PATIENCE_MS = 15_000;

interface Running {
  readonly child: ChildProcess;
  readonly mark: string;
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly output: () => string;
}

const NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];

function startDrill(prefix: readonly string[], searchPath = process.env["PATH"]): Running {
  const mark = `DUET_TEST_MARK=${randomUUID()}`;
  const parameters = ["lab", "drill", "cut", "--downloads", "0", "--config", configuration.file];
  const [program = "", ...rest] = [...prefix, ...DUET, ...parameters];
  const child = spawn(program, rest, {
    env: { ...process.env, PATH: searchPath, DUET_TEST_MARK: mark.split("=")[1] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => {
      resolve(code ?? signal ?? 0);
    });
  });
  return { child, mark, ended, output: () => output };
}

const isEmpty = (mark: string) => (): boolean => processesMarked(mark).length === 0;

describe.each([
  ["root", []],
  ["an ordinary user", NOBODY],
] as const)("a drill of %s", (_, prefix) => {
  test("runs to its end and leaves no process and no visible namespace", async () => {
    const before = listFolder(NETNS_FOLDER).filter((name) => name.startsWith("duet-drill-"));
    const { ended, mark, output } = startDrill(prefix);
    const status = await ended;
    expect(output()).toContain("cut: both cables of the active router are pulled");
    expect(status, output()).toBe(0);
    expect(await waitUntil(isEmpty(mark), PATIENCE_MS)).toBe(true);
    expect(listFolder(NETNS_FOLDER).filter((name) => name.startsWith("duet-drill-"))).toEqual(
      before,
    );
  });

  // Before the lab stands, while it is built, during the election and in the middle of the drill.
  test.each([
    ["SIGINT", 30, 130],
    ["SIGINT", 250, 130],
    ["SIGTERM", 600, 143],
    ["SIGHUP", 1_500, 129],
    ["SIGINT", 3_500, 130],
  ] as const)(
    "ends within seconds of %s after %d ms, with nothing left",
    async (signal, atMs, code) => {
      const { child, ended, mark } = startDrill(prefix);
      await new Promise((resolve) => setTimeout(resolve, atMs));
      const signalledAt = performance.now();
      child.kill(signal);
      expect([code, signal]).toContain(await ended);
      expect(performance.now() - signalledAt).toBeLessThan(PATIENCE_MS);
      expect(await waitUntil(isEmpty(mark), PATIENCE_MS)).toBe(true);
    },
  );

  test.each([200, 2_500])("leaves nothing even when it is killed after %d ms", async (atMs) => {
    const { child, ended, mark } = startDrill(prefix);
    await new Promise((resolve) => setTimeout(resolve, atMs));
    child.kill("SIGKILL");
    await ended;
    expect(await waitUntil(isEmpty(mark), PATIENCE_MS), String(processesMarked(mark))).toBe(true);
  });
});

describe("where the kernel refuses namespaces", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-lab-"));
  const refusal = "unshare: unshare failed: Operation not permitted";
  const unshare = path.join(folder, "unshare");
  writeFileSync(unshare, `#!/bin/sh\necho "${refusal}" >&2\nexit 1\n`, { mode: 0o755 });
  chmodSync(folder, 0o755);
  const searchPath = `${folder}:${process.env["PATH"] ?? ""}`;
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test("an ordinary user is told what to type instead", async () => {
    const { ended, output } = startDrill(NOBODY, searchPath);
    expect(await ended).toBe(4);
    expect(output()).toContain(`(${refusal})`);
    expect(output()).toContain("Use instead:  sudo duet lab drill");
  });

  test("root is told that this is no place for it", async () => {
    const { ended, output } = startDrill([], searchPath);
    expect(await ended).toBe(4);
    expect(output()).toContain("does not let root make namespaces here");
  });
});
