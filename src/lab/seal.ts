/**
 * Runs this program a second time inside namespaces of its own, so that whatever it creates ends with it: mounts,
 * processes and networks are the kernel's to remove once the inner program is gone, however it or the outer one ended.
 *
 *     this program --dies--> unshare --dies--> shell (process 1 of its namespace) --dies--> inner program, everything in it
 *
 * Root needs no more than that. An ordinary user gets a user namespace on top, in which he is root.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { capture } from "./command.ts";
import { EXIT, LabError } from "./lab-error.ts";
import { isRoot } from "./requirements.ts";

const SEALED = "DUET_LAB_SEALED";
const STOP = "stop";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** After this long the inner program is ended by force, and with it everything it made. */
const PATIENCE_MS = 6_000;

/**
 * The shell stays as process 1 and collects orphans that have ended. Without that a killed keepalived's child would remain as a
 * zombie, and the next keepalived would take its pid file for that of one that runs.
 */
const RUN_AND_REAP = '{ "$@"; exit $?; }';

/** True in the inner program. */
export const isSealed = (): boolean => process.env[SEALED] === "1";

/**
 * Runs this program again, with the same parameters, sealed. Resolves with its exit status, or 128 and the signal's number
 * when this process was told to stop. Throws LabError when the kernel does not allow it; `command` is what a person
 * would type, for the advice in that error.
 */
export async function runSealed(parameters: readonly string[], command: string): Promise<number> {
  await checkPermission(command);
  const inner = [process.execPath, ...process.execArgv, ...parameters];
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "--", ...unshare(), ...withPrivateRun([RUN_AND_REAP], inner)],
    {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, [SEALED]: "1" },
      // A Ctrl-C at the terminal comes to this process alone, which passes it on in words.
      detached: true,
    },
  );
  const { stopped, release } = passOnSignals(child);
  const status = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]);
    });
  });
  release();
  return stopped() ?? status;
}

/** A signal that aborts when this process is told to stop or, in the inner program, the outer one is gone. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  if (!isSealed()) return controller.signal;
  process.on("message", stop);
  process.on("disconnect", stop);
  // Listening alone is no reason to stay.
  process.channel?.unref();
  return controller.signal;
}

function passOnSignals(child: ChildProcess): {
  readonly stopped: () => number | undefined;
  readonly release: () => void;
} {
  let status: number | undefined;
  const force = (): void => {
    child.kill("SIGKILL");
  };
  let impatience: NodeJS.Timeout | undefined;
  const passOn = (signal: NodeJS.Signals): void => {
    // Whoever asks twice does not want to wait.
    if (status !== undefined) force();
    status ??= 128 + constants.signals[signal];
    impatience ??= setTimeout(force, PATIENCE_MS);
    if (child.connected) child.send(STOP);
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  return {
    stopped: () => status,
    release: () => {
      clearTimeout(impatience);
      for (const signal of SIGNALS) process.off(signal, passOn);
    },
  };
}

function unshare(): string[] {
  const user = isRoot() ? [] : ["--user", "--map-root-user"];
  const others = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  return ["unshare", ...user, ...others, "--"];
}

/** A shell that gives itself an empty /run, where `ip netns` keeps its names, and then does `steps`. */
function withPrivateRun(steps: readonly string[], parameters: readonly string[]): string[] {
  const script = ["mount -t tmpfs tmpfs /run", ...steps].join(" && ");
  return ["sh", "-c", script, "sh", ...parameters];
}

/** Tries in small what the lab does. */
async function checkPermission(command: string): Promise<void> {
  const steps = [
    "ip netns add try",
    "ip netns exec try true",
    "ip link add try0 type veth peer name try1",
    "ip link add try2 type bridge",
    "nft add table inet try",
  ];
  const [program = "", ...parameters] = [...unshare(), ...withPrivateRun(steps, [])];
  const { status, stderr } = await capture({ argv: [program, ...parameters] });
  if (status === 0) return;
  const refusal = stderr.trim().split("\n").at(-1) ?? `exit status ${status}`;
  throw new LabError(advise(refusal, command), EXIT.noPermission);
}

/** Settings by which distributions keep ordinary users from making user namespaces, and the value that allows it. */
const GATES: readonly (readonly [setting: string, value: string])[] = [
  ["kernel.apparmor_restrict_unprivileged_userns", "0"],
  ["kernel.unprivileged_userns_clone", "1"],
];

function advise(refusal: string, command: string): string {
  if (isRoot())
    return `the kernel does not let root make namespaces here (${refusal}): run it outside of the container, or in one that is privileged`;
  const gate = GATES.find(([setting]) => existsSync(`/proc/sys/${setting.replaceAll(".", "/")}`));
  const lasting =
    gate === undefined
      ? ""
      : `\nor let ordinary users make namespaces:  sudo sysctl -w ${gate[0]}=${gate[1]}`;
  return `the kernel does not let you make namespaces (${refusal}).\nUse instead:  sudo ${command}${lasting}`;
}
