/** The election: what version, interval, priorities and authentication must agree on. */
import { ipFamily } from "../../base/ip.ts";
import { type Duration, NO_TIME, seconds } from "../../base/time.ts";
import type { Findings } from "../findings.ts";
import { type Completion, namesOf, unknownName, valuesOf } from "./completion.ts";
import { ELECTION, INTERVAL_STEP } from "./defaults.ts";
import type { ElectionKeys } from "./election-keys.ts";
import type { Draft } from "./maps.ts";
import type { PairElection } from "./model.ts";
import type { Placed } from "./reading.ts";
import { durationText } from "./units.ts";

/** `secretFile` is where the file names one, if it does. */
export function completeElection(
  completion: Completion,
  draft: Draft<ElectionKeys>,
  secretFile: Placed<string | undefined> | undefined,
): PairElection {
  const { findings, pairName } = completion;
  const version = draft.version?.value ?? ELECTION.version;
  const interval = draft.interval?.value ?? ELECTION.interval;
  checkInterval(completion, draft, { version, interval });
  const authentication = completeAuthentication(findings, draft, { version, secretFile });
  const delay = draft["preempt-delay"];
  const isUsual = delay?.value === ELECTION.preemptDelay;
  if (delay !== undefined && !isUsual && draft.preempt?.value !== true) {
    const message = "vrrp.preempt-delay does nothing without preempt: true: add that, or remove it";
    findings.warn(delay.at, "no-effect", message);
  }
  const together = draft.together?.value ?? ELECTION.together;
  if (draft.group !== undefined && !together) {
    const message = "vrrp.group does nothing with together: false: remove one of them";
    findings.warn(draft.group.at, "no-effect", message);
  }
  return {
    version,
    interval,
    preempt: draft.preempt?.value ?? ELECTION.preempt,
    preemptDelay: delay?.value ?? ELECTION.preemptDelay,
    authentication,
    unicast: draft.transport === undefined ? ELECTION.unicast : draft.transport.value === "unicast",
    together,
    groupName: draft.group?.value ?? pairName,
  };
}

const V3_MAX: Duration = seconds(40.95);

/** Version 2 counts seconds, version 3 hundredths of them. */
function checkInterval(
  { findings, networks }: Completion,
  { interval: given }: Draft<ElectionKeys>,
  { version, interval }: { readonly version: 2 | 3; readonly interval: Duration },
): void {
  if (given === undefined) return;
  const text = durationText(interval);
  const has6 = networks.some(({ value }) =>
    valuesOf(value?.address).some(({ address }) => ipFamily(address) === 6),
  );
  if (version === 2 && (interval % seconds(1) !== NO_TIME || interval < seconds(1))) {
    const message = `vrrp.interval must be 1s to 255s in whole seconds with version 2, not ${text}: change it, or write version: 3`;
    findings.error(given.at, "number-range", message);
  } else if (version === 3 && (interval > V3_MAX || interval % INTERVAL_STEP !== NO_TIME)) {
    const message = `vrrp.interval must be 10ms to 40.95s in steps of 10ms with version 3, not ${text}`;
    findings.error(given.at, "number-range", message);
  } else if (version === 2 && has6 && interval > V3_MAX) {
    const message = `vrrp.interval must be at most 40s, not ${text}: IPv6 networks have version 3`;
    findings.error(given.at, "number-range", message);
  }
}

interface Around {
  readonly version: 2 | 3;
  readonly secretFile: Placed<string | undefined> | undefined;
}

type Authentication = PairElection["authentication"];

function completeAuthentication(
  findings: Findings,
  { authentication: given }: Draft<ElectionKeys>,
  { version, secretFile }: Around,
): Authentication {
  const authentication = authenticationOf(given?.value);
  const needsSecret =
    authentication.type === "hmac" ||
    (authentication.type === "pass" && authentication.password === undefined);
  if (given === undefined || authentication.type === "none") {
    // What could not be read may have needed it.
    const isKnown = given === undefined || given.value !== undefined;
    if (secretFile !== undefined && isKnown) reportUnusedSecret(findings, secretFile);
    return authentication;
  }
  const { type } = authentication;
  const needed = type === "pass" ? 2 : 3;
  if (version !== needed) {
    const other = type === "pass" ? "hmac" : "pass";
    const message = `vrrp.authentication ${type} belongs to version ${needed}, and the version is ${version}: write ${other}, or version: ${needed}`;
    findings.error(given.at, "authentication-version", message);
  }
  if (needsSecret && secretFile === undefined) {
    const message = `vrrp.authentication ${type} is made from a secret file, and none is named: add secret-file: /etc/duet/secret`;
    findings.error(given.at, "secret-missing", message);
  } else if (!needsSecret && secretFile !== undefined) {
    reportUnusedSecret(findings, secretFile);
  }
  if (type === "pass") checkPassword(findings, given, authentication.password);
  return authentication;
}

function authenticationOf(value: ElectionKeys["authentication"] | undefined): Authentication {
  if (value === undefined || value === "none") return { type: "none" };
  if (value === "hmac") return { type: "hmac" };
  return { type: "pass", password: value === "pass" ? undefined : value.pass?.value };
}

function reportUnusedSecret(findings: Findings, { at }: Placed<unknown>): void {
  const message =
    "secret-file is not used, because nothing is authenticated with it: write vrrp: { authentication: hmac }, or remove it";
  findings.warn(at, "no-effect", message);
}

const PASSWORD_MAX = 8;

function checkPassword(
  findings: Findings,
  { at }: Placed<unknown>,
  password: string | undefined,
): void {
  if (password !== undefined && password.length > PASSWORD_MAX) {
    const message = `the password of PASS has at most ${PASSWORD_MAX} bytes, not ${password.length}: shorten it`;
    findings.error(at, "number-range", message);
  }
  const message =
    "PASS sends its password in clear text and protects against mistakes only: version 3 has authentication: hmac";
  findings.warn(at, "clear-text-password", message);
}

/** Priorities by router name, where the file gives them. */
export function completePriorities(
  { findings, routers, networks }: Completion,
  { priority }: Draft<ElectionKeys>,
): ReadonlyMap<string, number> {
  const priorities = new Map<string, number>();
  for (const { name, nameAt, value } of priority?.value ?? []) {
    if (!routers.some((router) => router.name === name)) {
      unknownName(findings, { name, at: nameAt, what: "router" }, namesOf(routers));
    } else if (value !== undefined) priorities.set(name, value);
  }
  const virtual = networks.flatMap(({ value }) => valuesOf(value?.address));
  for (const { name, value } of routers) {
    if (priorities.get(name) !== 255) continue;
    const own = new Set(
      (value ?? []).flatMap((entry) => entry.value ?? []).map((placed) => placed.value.address),
    );
    if (virtual.every(({ address }) => own.has(address))) continue;
    const at = priority?.value?.find((entry) => entry.name === name)?.at;
    const message = `vrrp.priority of ${name} is 255, which is for the router that owns every virtual address: write 254 or less`;
    if (at !== undefined) findings.error(at, "priority-owner", message);
  }
  return priorities;
}
