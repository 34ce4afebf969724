/** What only shows in a process of its own: exit statuses and broken streams. Runs the built program. */
import { execFile } from "node:child_process";
import path from "node:path";
import { expect, test, vi } from "vitest";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });

const MAIN = path.join(import.meta.dirname, "../../../dist/cli/main.js");

interface Outcome {
  readonly code: number | string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function shell(script: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const environment = { ...process.env, DUET: `${process.execPath} ${MAIN}` };
    execFile("sh", ["-c", script], { env: environment }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? undefined), stdout, stderr });
    });
  });
}

test("the version is printed", async () => {
  const { code, stdout, stderr } = await shell("$DUET --version");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("the exit status is the one of the error", async () => {
  const { code, stderr } = await shell("$DUET status --socket /nonexistent/duet.sock");
  expect(code).toBe(3);
  expect(stderr.split("\n")).toHaveLength(2);
});

test("a reader that has seen enough is no error", async () => {
  const { code, stderr } = await shell("{ sleep 0.3; $DUET --help; echo $? >&2; } | true");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "0\n" });
});

test("output that cannot be written is one line and not a success", async () => {
  const { code, stderr } = await shell("$DUET --help > /dev/full");
  expect(code).toBe(70);
  expect(stderr).toMatch(/^duet: unexpected error: .*ENOSPC.*\n$/);
});

test("nothing is coloured that goes into a file", async () => {
  const { stdout } = await shell("$DUET check /nonexistent/keepalived.conf");
  expect(stdout).toContain("error");
  expect(stdout).not.toContain("\u001b[");
});
