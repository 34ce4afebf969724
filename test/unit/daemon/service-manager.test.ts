import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServiceManager } from "../../../src/daemon/service-manager.ts";
import { Workshop } from "../../support/daemon-parts.ts";

/** Node has no UNIX datagram sockets; the receiving end of sd_notify(3) is ten lines of Python. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\\0", 1) if sys.argv[1].startswith("@") else sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`;

let workshop: Workshop;
let receiver: ChildProcess | undefined;
let text: string;

beforeEach(() => {
  workshop = new Workshop();
  text = "";
});
afterEach(() => {
  receiver?.kill("SIGKILL");
  receiver = undefined;
  workshop.remove();
});

const messages = (): string[] =>
  text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as string)
    .slice(1);

async function receive(socket: string): Promise<void> {
  receiver = spawn("python3", ["-c", RECEIVER, socket]);
  receiver.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  await vi.waitFor(() => expect(text).toContain("bound"), { timeout: 5_000 });
}

test.each([
  ["a path", (): string => workshop.path("notify")],
  ["the abstract namespace", (): string => `@duet-test-${process.pid}`],
])("speaks sd_notify(3) to a socket in %s", async (_, name) => {
  const socket = name();
  await receive(socket);
  const services = new ServiceManager({ NOTIFY_SOCKET: socket }, 1);
  services.ready("running");
  services.reloading(123_456.7);
  services.ready("running again");
  services.stopping();
  await vi.waitFor(() =>
    expect(messages()).toEqual([
      "READY=1\nSTATUS=running",
      "RELOADING=1\nMONOTONIC_USEC=123457",
      "READY=1\nSTATUS=running again",
      "STOPPING=1",
    ]),
  );
});

test("signs of life come twice per period, and only while there is life", async () => {
  const socket = workshop.path("notify");
  await receive(socket);
  const environment = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "100000", WATCHDOG_PID: "77" };
  const services = new ServiceManager(environment, 77);
  let alive = true;
  services.watch(() => (alive ? Promise.resolve() : Promise.reject(new Error("dead"))));
  await vi.waitFor(() => expect(messages().length).toBeGreaterThanOrEqual(3), { timeout: 5_000 });
  expect(new Set(messages())).toEqual(new Set(["WATCHDOG=1"]));
  alive = false;
  await vi.waitFor(
    async () => {
      const before = messages().length;
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      expect(messages()).toHaveLength(before);
    },
    { timeout: 5_000 },
  );
  services.stopping();
});

test.each([
  ["there is no service manager", {}],
  [
    "the watchdog is another process's",
    { NOTIFY_SOCKET: "/nowhere", WATCHDOG_USEC: "1000", WATCHDOG_PID: "5" },
  ],
  ["no watchdog is asked for", { NOTIFY_SOCKET: "/nowhere" }],
])("nobody is asked for life when %s", async (_, environment) => {
  const services = new ServiceManager(environment, 77);
  const isAlive = vi.fn(() => Promise.resolve());
  services.watch(isAlive);
  await new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
  expect(isAlive).not.toHaveBeenCalled();
});

test("a service manager that is gone is no reason to fail", () => {
  const services = new ServiceManager({ NOTIFY_SOCKET: workshop.path("gone") }, 1);
  expect(() => services.ready("running")).not.toThrow();
});
