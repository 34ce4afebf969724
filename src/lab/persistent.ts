/**
 * Labs that stay: `duet lab up` leaves one running in the background, in namespaces that everybody on the machine can
 * see and enter. A keeper process owns it; it ends, and takes everything with it, when it is told to.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { capture } from "./command.ts";
import { Lab } from "./lab.ts";
import { EXIT, type ExitCode, LabError } from "./lab-error.ts";
import { removeLeftovers, removeNamespaces, signalAll } from "./namespaces.ts";
import { inNamespace } from "./provisioning.ts";
import {
  identifyProcess,
  isRunning,
  type LabRecord,
  readRecord,
  recordedLabs,
  removeRecord,
} from "./registry.ts";
import type { RouterOptions } from "./router-daemon.ts";
import {
  namespaceName,
  ROUTER_INTERFACES,
  ROUTER_NAMES,
  type Role,
  type RouterName,
  SIDES,
  type Side,
  VIRTUAL_ADDRESSES,
} from "./topology.ts";
import { waitUntil } from "./waiting.ts";

type KeeperMessage =
  | { readonly type: "up" }
  | { readonly type: "failed"; readonly message: string; readonly exitCode: ExitCode };

const DOWN_MS = 10_000;

/** Starts a keeper with `parameters` (the command line of this program that calls `keepLab`). Resolves when the lab is up. */
export function startKeeper(parameters: readonly string[]): Promise<void> {
  const keeper = spawn(process.execPath, parameters, {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    detached: true,
  });
  return new Promise((resolve, reject) => {
    keeper.once("error", reject);
    keeper.once("exit", () => {
      reject(new LabError("the lab's keeper ended unexpectedly", EXIT.usage));
    });
    keeper.once("message", (message: KeeperMessage) => {
      letGo(keeper);
      if (message.type === "up") resolve();
      else reject(new LabError(message.message, message.exitCode));
    });
  });
}

function letGo(keeper: ChildProcess): void {
  keeper.removeAllListeners("exit");
  keeper.disconnect();
  keeper.unref();
}

/** The keeper itself: brings lab `name` up, tells its parent, and stays until `signal`. */
export async function keepLab(
  name: string,
  routers: Readonly<Record<RouterName, RouterOptions>>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const lab = await Lab.open({ name, routers, tell: () => undefined });
    for (const router of ROUTER_NAMES) lab.startRouter(router);
    tellParent({ type: "up" });
    await untilAborted(signal);
    await lab.stopRouters();
    await lab.close();
  } catch (error) {
    const exitCode = error instanceof LabError ? error.exitCode : EXIT.usage;
    tellParent({ type: "failed", message: (error as Error).message, exitCode });
  }
}

function tellParent(message: KeeperMessage): void {
  if (process.connected) process.send?.(message);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // Something must keep the process: an AbortSignal alone does not.
    const stay = setInterval(() => undefined, 60_000);
    signal.addEventListener("abort", () => {
      clearInterval(stay);
      resolve();
    });
  });
}

/** Ends lab `name`. Returns false when there is none. */
export async function takeDown(name: string): Promise<boolean> {
  const record = readRecord(name);
  if (record !== undefined && isRunning(record.owner)) {
    signalAll([record.owner.pid], "SIGTERM");
    const ended = await waitUntil(() => !isRunning(record.owner), DOWN_MS);
    if (!ended) signalAll([record.owner.pid], "SIGKILL");
  }
  const leftovers = await removeNamespaces(name);
  removeRecord(name);
  return record !== undefined || leftovers > 0;
}

/** Ends every lab on this machine and removes what dead ones left. Returns their names. */
export async function takeAllDown(): Promise<string[]> {
  const names = recordedLabs();
  await Promise.all(names.map(takeDown));
  return [...new Set([...names, ...(await removeLeftovers())])];
}

export interface LabStatus {
  readonly name: string;
  readonly since: string;
  readonly keeper: number;
  readonly routers: readonly RouterStatus[];
}

export interface RouterStatus {
  readonly router: RouterName;
  readonly daemon: string;
  readonly pid: number | null;
  /** Sides whose virtual address the router's interface carries. */
  readonly holds: readonly Side[];
  readonly socket: string;
  readonly log: string;
}

/** What runs in lab `name`; undefined when it is not up. */
export async function labStatus(name: string): Promise<LabStatus | undefined> {
  const record = readRecord(name);
  if (record === undefined || !isRunning(record.owner)) return undefined;
  const routers = await Promise.all(ROUTER_NAMES.map((router) => routerStatus(record, router)));
  return { name, since: record.since, keeper: record.owner.pid, routers };
}

async function routerStatus(record: LabRecord, router: RouterName): Promise<RouterStatus> {
  const { daemon, pid, socket, log } = record.routers[router];
  const held = await Promise.all(SIDES.map((side) => holds(record.name, router, side)));
  return {
    router,
    daemon,
    pid: pid !== null && identifyProcess(pid) !== undefined ? pid : null,
    holds: SIDES.filter((_, index) => held[index] === true),
    socket,
    log,
  };
}

async function holds(name: string, router: RouterName, side: Side): Promise<boolean> {
  const namespace = namespaceName(name, router);
  const device = ROUTER_INTERFACES[side];
  const { stdout } = await capture({
    argv: ["ip", "-n", namespace, "-oneline", "address", "show", "dev", device],
  });
  return stdout.includes(` ${VIRTUAL_ADDRESSES[side]}/`);
}

/** Runs a command of the user inside a namespace of lab `name`, at his terminal. Resolves with its exit status. */
export function execInLab(name: string, role: Role, argv: readonly string[]): Promise<number> {
  const [program, ...parameters] = inNamespace(namespaceName(name, role), argv);
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: "inherit" });
    // A Ctrl-C reaches both; it is the command's to answer.
    process.on("SIGINT", leaveIt);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGINT", leaveIt);
      resolve(code ?? (signal === null ? 1 : 128));
    });
  });
}

const leaveIt = (): undefined => undefined;
