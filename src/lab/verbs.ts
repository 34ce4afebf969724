/**
 * The verbs of `duet lab`, once their flags are read. Each sets the exit status of the process; what a person can act on
 * goes to standard error as one line or two.
 */
import { accessSync, constants } from "node:fs";
import path from "node:path";
import type { DaemonKind } from "./daemon-log.ts";
import { HOW_TO_CONNTRACKD_FILE, HOW_TO_FILE, runDemo } from "./demo.ts";
import { formatReport } from "./drill-text.ts";
import { runDrills } from "./drills.ts";
import { DEFAULT_CASES, DRILL_CASES, type DrillCase, findCase } from "./faults.ts";
import { EXIT, LabError } from "./lab-error.ts";
import { execInLab, keepLab, labStatus, startKeeper, takeAllDown, takeDown } from "./persistent.ts";
import { isRoot, requirePrograms } from "./requirements.ts";
import { DUET_PROGRAM, type RouterOptions } from "./router-daemon.ts";
import { Screen } from "./screen.ts";
import { isSealed, runSealed, stopSignal } from "./seal.ts";
import { formatStatus } from "./status-text.ts";
import { ROLES, type RouterName, SIDES } from "./topology.ts";
import { waitUntil } from "./waiting.ts";

/** What a command line says of the pair. */
export interface PairChoice {
  /** What both routers run, unless one of them is named. */
  readonly daemon: DaemonKind;
  readonly alpha?: DaemonKind;
  readonly beta?: DaemonKind;
  /** keepalived.conf of both; the how-to's unless given. */
  readonly config?: string;
  /** conntrackd.conf of the routers that run Duet; the how-to's unless given, none for false. */
  readonly conntrackd?: string | boolean;
}

/** Builds a lab that stays. */
export const labUp = (name: string, choice: PairChoice): Promise<void> =>
  answer(async () => {
    requireRoot("duet lab up");
    prepare(choice);
    await startKeeper([DUET_PROGRAM, "lab", "keep", "--name", name, ...flagsOf(choice)]);
    const isElected = async (): Promise<boolean> =>
      (await labStatus(name))?.routers.some(({ holds }) => holds.length === SIDES.length) ?? false;
    await waitUntil(isElected, ELECTION_MS);
    const status = await labStatus(name);
    if (status !== undefined) print(formatStatus(status));
    return EXIT.done;
  });

/** Good for VRRPv2 with the slowest usual timers; after that `up` shows the lab as it is. */
const ELECTION_MS = 6_000;

/** The process that `labUp` leaves behind. */
export const labKeep = (name: string, choice: PairChoice): Promise<void> =>
  answer(async () => {
    await keepLab(name, prepare(choice), stopSignal());
    return EXIT.done;
  });

/** Removes lab `name`, or without a name all of them. */
export const labDown = (name: string | undefined): Promise<void> =>
  answer(async () => {
    requireRoot("duet lab down");
    requirePrograms([]);
    if (name !== undefined) {
      print((await takeDown(name)) ? `lab ${name} is gone\n` : `there is no lab ${name}\n`);
      return EXIT.done;
    }
    const names = await takeAllDown();
    print(names.length === 0 ? "there is no lab\n" : `gone: ${names.join(", ")}\n`);
    return EXIT.done;
  });

export const labShow = (name: string, json: boolean): Promise<void> =>
  answer(async () => {
    requireRoot("duet lab status");
    requirePrograms([]);
    const status = await labStatus(name);
    if (status === undefined) throw notUp(name);
    print(json ? `${JSON.stringify(status, null, 2)}\n` : formatStatus(status));
    return EXIT.done;
  });

export const labExec = (name: string, place: string, command: readonly string[]): Promise<void> =>
  answer(async () => {
    requireRoot(`duet lab exec ${place} -- ${command.join(" ")}`);
    requirePrograms([]);
    const role = ROLES.find((candidate) => candidate === place);
    if (role === undefined)
      throw new LabError(`"${place}" is none of ${ROLES.join(", ")}`, EXIT.usage);
    if ((await labStatus(name)) === undefined) throw notUp(name);
    return execInLab(name, role, command);
  });

export interface DrillRequest {
  /** Names of cases; none stands for those that every pair must survive. */
  readonly cases: readonly string[];
  readonly pair: PairChoice;
  readonly json: boolean;
  readonly repeat: number;
  readonly downloads: number;
}

export const labDrill = (request: DrillRequest): Promise<void> =>
  answer(async () => {
    const cases = casesOf(request.cases);
    const routers = prepare(request.pair);
    if (!isSealed()) return runSealed(process.argv.slice(1), "duet lab drill");
    const reports = await runDrills({
      labName: "drill",
      routers,
      cases: Array.from({ length: request.repeat }, () => cases).flat(),
      downloadCount: request.downloads,
      signal: stopSignal(),
      watcher: {
        reported: (report) => {
          print(request.json ? `${JSON.stringify(report)}\n` : `${formatReport(report)}\n`);
        },
      },
    });
    return reports.every(({ passed }) => passed) ? EXIT.done : EXIT.failedDrill;
  });

/** `command` is what was typed, for advice. */
export const labDemo = (command: string): Promise<void> =>
  answer(async () => {
    requirePrograms([]);
    if (!isSealed()) return runSealed([DUET_PROGRAM, "lab", "demo"], command);
    const { stdout } = process;
    const screen = new Screen({
      write: (text) => {
        stdout.write(text);
      },
      isTerminal: stdout.isTTY,
      columns: stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY,
      colour: stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "",
    });
    return runDemo(screen, stopSignal());
  });

/** Runs a verb to its exit status. What is not a LabError is a defect and passes through. */
async function answer(verb: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await verb();
  } catch (error) {
    if (error instanceof LabError) {
      process.stderr.write(`duet lab: ${error.message}\n`);
      process.exitCode = error.exitCode;
    } else if (error instanceof Error && error.name === "AbortError") {
      process.stderr.write("duet lab: stopped\n");
      process.exitCode = EXIT.failedDrill;
    } else throw error;
  }
}

function print(text: string): void {
  process.stdout.write(text);
}

/** Makes everything ready that can be found wrong before anything is built. */
function prepare(choice: PairChoice): Record<RouterName, RouterOptions> {
  const configFile = path.resolve(choice.config ?? HOW_TO_FILE);
  requireReadable(configFile);
  const conntrackdFile = conntrackdFileFor(choice);
  if (conntrackdFile !== undefined) requireReadable(conntrackdFile);
  const { daemon, alpha = daemon, beta = daemon } = choice;
  requirePrograms([alpha, beta].includes("keepalived") ? ["keepalived"] : []);
  const optionsOf = (kind: DaemonKind): RouterOptions => ({
    daemon: kind,
    configFile,
    ...(kind === "duet" && conntrackdFile !== undefined && { conntrackdFile }),
  });
  return { alpha: optionsOf(alpha), beta: optionsOf(beta) };
}

function conntrackdFileFor({ conntrackd = true }: PairChoice): string | undefined {
  if (conntrackd === false) return undefined;
  return path.resolve(conntrackd === true ? HOW_TO_CONNTRACKD_FILE : conntrackd);
}

function requireReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new LabError(`cannot read ${file}`, EXIT.usage, error);
  }
}

/** A choice as the words of a command line. */
const flagsOf = ({ daemon, alpha, beta, config, conntrackd }: PairChoice): string[] => [
  ...Object.entries({ daemon, alpha, beta, config, conntrackd }).flatMap(([flag, value]) =>
    typeof value === "string" ? [`--${flag}`, value] : [],
  ),
  ...(conntrackd === false ? ["--no-conntrackd"] : []),
];

function casesOf(names: readonly string[]): DrillCase[] {
  return (names.length === 0 ? DEFAULT_CASES : names).map((name) => {
    const drillCase = findCase(name);
    if (drillCase !== undefined) return drillCase;
    const known = DRILL_CASES.map((each) => each.name).join(", ");
    throw new LabError(`there is no drill "${name}"; there are ${known}`, EXIT.usage);
  });
}

function requireRoot(command: string): void {
  if (!isRoot())
    throw new LabError(
      `this needs root: sudo ${command}\n(\`duet lab drill\` and \`duet lab demo\` work without, where the kernel allows it)`,
      EXIT.noPermission,
    );
}

const notUp = (name: string): LabError =>
  new LabError(`lab ${name} is not up: sudo duet lab up --name ${name}`, EXIT.usage);
