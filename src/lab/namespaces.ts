/**
 * Builds and removes the namespaces of a lab. Removal is idempotent and needs no plan: whatever carries the lab's prefix
 * goes, and every process that still lives inside is ended first, because it would keep its namespace alive.
 */
import { capture, run } from "./command.ts";
import { EXIT, LabError } from "./lab-error.ts";
import { cabling, configuration, creation, NETNS_FOLDER, settings } from "./provisioning.ts";
import {
  identifyProcess,
  isRunning,
  listFolder,
  readRecord,
  recordedLabs,
  removeRecord,
} from "./registry.ts";
import { type LabPlan, type NamespacePlan, namespaceName, ROLES } from "./topology.ts";
import { waitUntil } from "./waiting.ts";

/** How long a process may take to leave after SIGTERM before it gets SIGKILL. */
const LEAVE_MS = 1_500;
const LINKS_MS = 5_000;

/** Creates everything in `plan`. What a failed attempt leaves behind is removed before the error is thrown. */
export async function buildNamespaces(plan: LabPlan): Promise<void> {
  try {
    await run(creation(plan));
    await Promise.all(plan.namespaces.map((namespace) => run(settings(namespace))));
    await run(cabling(plan));
    await Promise.all(plan.namespaces.map((namespace) => run(configuration(plan, namespace))));
    await waitForLinks(plan);
  } catch (error) {
    await removeNamespaces(plan.name);
    throw error;
  }
}

/** The kernel tells of a new carrier up to a second late, and a daemon that starts earlier sees its interfaces down. */
async function waitForLinks(plan: LabPlan): Promise<void> {
  const up = await waitUntil(
    async () => (await Promise.all(plan.namespaces.map(allUp))).every(Boolean),
    LINKS_MS,
  );
  if (!up) throw new LabError(`the interfaces of lab ${plan.name} do not come up`, EXIT.usage);
}

const allUp = async ({ name }: NamespacePlan): Promise<boolean> =>
  !/ (?:DOWN|LOWERLAYERDOWN) /.test(await run({ argv: ["ip", "-n", name, "-brief", "link"] }));

/** Removes the namespaces of lab `name` with everything that lives in them, and returns how many there were. */
export async function removeNamespaces(name: string): Promise<number> {
  const present = new Set(listFolder(NETNS_FOLDER));
  const names = ROLES.map((role) => namespaceName(name, role)).filter((each) => present.has(each));
  if (names.length === 0) return 0;
  await endProcesses(names);
  await run({
    argv: ["ip", "-batch", "-"],
    input: `${names.map((each) => `netns delete ${each}`).join("\n")}\n`,
  });
  return names.length;
}

/** Names of the labs whose owner is gone. Each lab is recorded before it has a namespace and until it has none. */
const leftoverLabs = (): string[] =>
  recordedLabs().filter((name) => {
    const record = readRecord(name);
    return record !== undefined && !isRunning(record.owner);
  });

/** Removes what labs left behind whose owner is gone, and returns their names. */
export async function removeLeftovers(): Promise<string[]> {
  const names = leftoverLabs();
  await Promise.all(
    names.map(async (name) => {
      await removeNamespaces(name);
      removeRecord(name);
    }),
  );
  return names;
}

async function endProcesses(namespaces: readonly string[]): Promise<void> {
  const everybody = (): Promise<number[]> => processesIn(namespaces);
  const pids = await everybody();
  if (pids.length === 0) return;
  signalAll(pids, "SIGTERM");
  // A stopped process only hears the signal once it runs again.
  signalAll(pids, "SIGCONT");
  await waitUntil(() => pids.every((pid) => identifyProcess(pid) === undefined), LEAVE_MS);
  signalAll(await everybody(), "SIGKILL");
  const gone = await waitUntil(async () => (await everybody()).length === 0, LEAVE_MS);
  if (!gone) throw new LabError("a process in the lab cannot be ended", EXIT.usage);
}

async function processesIn(namespaces: readonly string[]): Promise<number[]> {
  const lists = await Promise.all(
    namespaces.map((name) => capture({ argv: ["ip", "netns", "pids", name] })),
  );
  return lists
    .flatMap(({ stdout }) => stdout.split("\n"))
    .filter((line) => line !== "")
    .map(Number)
    .filter((pid) => pid !== process.pid && identifyProcess(pid) !== undefined);
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
