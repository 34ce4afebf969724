/** The election: what version, interval, priorities and authentication must agree on. */
import { ipFamily } from "../../base/ip.ts";
import { type Duration, NO_TIME, seconds } from "../../base/time.ts";
import type { Findings } from "../findings.ts";
import { type Completion, namesOf, unknownName, valueOr, valuesOf } from "./completion.ts";
import { ELECTION, INTERVAL_STEP } from "./defaults.ts";
import type { ElectionKeys } from "./election-keys.ts";
import type { Draft } from "./maps.ts";
import type { PairElection } from "./model.ts";
import type { Placed } from "./reading.ts";
import { usesSecret } from "./secret.ts";
import { durationText } from "./units.ts";

/** `secretFile` is where the file names one, if it does. */
export function completeElection(
  completion: Completion,
  draft: Draft<ElectionKeys>,
  secretFile: Placed<string | undefined> | undefined,
): PairElection {
  const { findings, pairName } = completion;
  const version = valueOr(draft.version, ELECTION.version);
  const interval = valueOr(draft.interval, ELECTION.interval);
  checkInterval(completion, draft, { version, interval });
  const authentication = completeAuthentication(findings, draft, { version, secretFile });
  reportWithoutEffect(findings, draft);
  return {
    version,
    interval,
    preempt: valueOr(draft.preempt, ELECTION.preempt),
    preemptDelay: valueOr(draft["preempt-delay"], ELECTION.preemptDelay),
    authentication,
    unicast: valueOr(draft.transport, "multicast") === "unicast",
    together: valueOr(draft.together, ELECTION.together),
    groupName: valueOr(draft.group, pairName),
  };
}

function reportWithoutEffect(findings: Findings, draft: Draft<ElectionKeys>): void {
  const delay = draft["preempt-delay"];
  const isOther = delay?.value !== undefined && delay.value !== ELECTION.preemptDelay;
  if (isOther && draft.preempt?.value !== true) {
    const message = "vrrp.preempt-delay does nothing without preempt: true: add that, or remove it";
    findings.warn(delay.at, "no-effect", message);
  }
  if (draft.group !== undefined && draft.together?.value === false) {
    const message = "vrrp.group does nothing with together: false: remove one of them";
    findings.warn(draft.group.at, "no-effect", message);
  }
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
  const { type } = authentication;
  // What could not be read may have needed the secret.
  const isKnown = given === undefined || given.value !== undefined;
  if (isKnown && !usesSecret(authentication)) reportUnusedSecret(findings, secretFile);
  if (given === undefined || type === "none") return authentication;
  if (version !== VERSION_OF[type]) {
    const other = type === "pass" ? "hmac" : "pass";
    const message = `vrrp.authentication ${type} belongs to version ${VERSION_OF[type]}, and the version is ${version}: write ${other}, or version: ${VERSION_OF[type]}`;
    findings.error(given.at, "authentication-version", message);
  }
  if (usesSecret(authentication) && secretFile === undefined) {
    const message = `vrrp.authentication ${type} is made from a secret file, and none is named: add secret-file: /etc/duet/secret`;
    findings.error(given.at, "secret-missing", message);
  }
  if (type === "pass") checkPassword(findings, given, authentication.password);
  return authentication;
}

function reportUnusedSecret(findings: Findings, secretFile: Placed<unknown> | undefined): void {
  const message =
    "secret-file is not used, because nothing is authenticated with it: write vrrp: { authentication: hmac }, or remove it";
  if (secretFile?.value !== undefined) findings.warn(secretFile.at, "no-effect", message);
}

const VERSION_OF = { pass: 2, hmac: 3 } as const;

function authenticationOf(value: ElectionKeys["authentication"] | undefined): Authentication {
  if (value === undefined || value === "none") return { type: "none" };
  if (value === "hmac") return { type: "hmac" };
  return { type: "pass", password: value === "pass" ? undefined : value.pass?.value };
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
  checkOwner({ findings, networks, routers }, priority, priorities);
  return priorities;
}

/** Priority 255 is for the owner of every virtual address. */
function checkOwner(
  { findings, networks, routers }: Pick<Completion, "findings" | "networks" | "routers">,
  priority: Draft<ElectionKeys>["priority"],
  priorities: ReadonlyMap<string, number>,
): void {
  const virtual = networks.flatMap(({ value }) => valuesOf(value?.address));
  for (const { name, value } of routers) {
    if (priorities.get(name) !== OWNER) continue;
    const own = new Set((value ?? []).flatMap(valuesOf).map(({ address }) => address));
    if (virtual.every(({ address }) => own.has(address))) continue;
    const at = priority?.value?.find((entry) => entry.name === name)?.at;
    const message = `vrrp.priority of ${name} is 255, which is for the router that owns every virtual address: write 254 or less`;
    if (at !== undefined) findings.error(at, "priority-owner", message);
  }
}

const OWNER = 255;
