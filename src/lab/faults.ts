/**
 * What can go wrong, as data. A drill case is two lists of acts: what breaks it and what repairs it, both told of the
 * router that is active when the fault strikes. The acts are few; executing them is lab.ts's business.
 */
import { type RouterName, SIDES, type Side } from "./topology.ts";

export type Act =
  /** The router's cable on that side; pulling it takes the carrier away from both ends. */
  | {
      readonly type: "cable";
      readonly router: RouterName;
      readonly side: Side;
      readonly plugged: boolean;
    }
  /** The switch port behind it; blocking it loses every frame both ways, while the carrier stays. */
  | {
      readonly type: "port";
      readonly router: RouterName;
      readonly side: Side;
      readonly forwarding: boolean;
    }
  /** To every process of the router's daemon at once. */
  | { readonly type: "signal"; readonly router: RouterName; readonly signal: NodeJS.Signals }
  /** Starts the daemon again after it ended. */
  | { readonly type: "start"; readonly router: RouterName };

export interface DrillCase {
  readonly name: string;
  /** What happens, for the report: "both cables of the active router are pulled". */
  readonly title: string;
  /** What the repair is, in words. */
  readonly repair: string;
  readonly fault: (active: RouterName) => readonly Act[];
  readonly restore: (active: RouterName) => readonly Act[];
  /**
   * True: when the fault ends both routers have been active, and the one that stays is chosen by priority and address.
   * False: the repaired router must find itself a backup.
   */
  readonly splitsThePair: boolean;
}

const cables =
  (sides: readonly Side[], plugged: boolean) =>
  (router: RouterName): Act[] =>
    sides.map((side) => ({ type: "cable", router, side, plugged }));
const ports =
  (sides: readonly Side[], forwarding: boolean) =>
  (router: RouterName): Act[] =>
    sides.map((side) => ({ type: "port", router, side, forwarding }));
const signal =
  (name: NodeJS.Signals) =>
  (router: RouterName): Act[] => [{ type: "signal", router, signal: name }];
const start = (router: RouterName): Act[] => [{ type: "start", router }];

export const DRILL_CASES: readonly DrillCase[] = [
  {
    name: "cut",
    title: "both cables of the active router are pulled",
    repair: "its cables are plugged in again",
    fault: cables(SIDES, false),
    restore: cables(SIDES, true),
    splitsThePair: false,
  },
  {
    name: "isolate",
    title: "the switches stop forwarding for the active router, its carrier stays",
    repair: "the switches forward again",
    fault: ports(SIDES, false),
    restore: ports(SIDES, true),
    splitsThePair: true,
  },
  {
    name: "cut-lan",
    title: "the LAN cable of the active router is pulled",
    repair: "the cable is plugged in again",
    fault: cables(["lan"], false),
    restore: cables(["lan"], true),
    splitsThePair: false,
  },
  {
    name: "cut-wan",
    title: "the WAN cable of the active router is pulled",
    repair: "the cable is plugged in again",
    fault: cables(["wan"], false),
    restore: cables(["wan"], true),
    splitsThePair: false,
  },
  {
    name: "cut-lan-silently",
    title: "the LAN switch stops forwarding for the active router, its carrier stays",
    repair: "the LAN switch forwards again",
    fault: ports(["lan"], false),
    restore: ports(["lan"], true),
    splitsThePair: true,
  },
  {
    name: "kill",
    title: "the active router's daemon is killed (SIGKILL)",
    repair: "the daemon is started again",
    fault: signal("SIGKILL"),
    restore: start,
    splitsThePair: false,
  },
  {
    name: "freeze",
    title: "the active router's daemon is frozen (SIGSTOP)",
    repair: "the daemon runs on (SIGCONT)",
    fault: signal("SIGSTOP"),
    restore: signal("SIGCONT"),
    splitsThePair: true,
  },
  {
    name: "stop",
    title: "the active router's daemon is stopped in an orderly way (SIGTERM)",
    repair: "the daemon is started again",
    fault: signal("SIGTERM"),
    restore: start,
    splitsThePair: false,
  },
];

/** What `duet lab drill` runs when nobody names a case: everything that a plain VRRP pair is able to survive. */
export const DEFAULT_CASES: readonly string[] = DRILL_CASES.map(({ name }) => name).filter(
  (name) => name !== "cut-lan-silently",
);

export const findCase = (name: string): DrillCase | undefined =>
  DRILL_CASES.find((candidate) => candidate.name === name);
