/**
 * keepalived.conf(5) of one router, so that keepalived and Duet elect alike: what Duet takes for granted and keepalived
 * has otherwise is written out.
 */
import { formatPrefix } from "../base/ip.ts";
import { NO_TIME } from "../base/time.ts";
import { advertisingEnds, routersOf } from "../config/pair/ends.ts";
import { groupMembers, instancesOf, type PairInstance } from "../config/pair/instances.ts";
import type { PairCheck, PairConfig } from "../config/pair/model.ts";
import { HMAC_KEY_ID, hmacKeyFrom, needsSecret, passwordFrom } from "../config/pair/secret.ts";
import { PRIORITY_OWNER } from "../vrrp/config.ts";
import { block, formatLines, type Line, optionalBlock } from "./blocks.ts";
import { heading } from "./heading.ts";
import { PATHS } from "./paths.ts";
import { commandText, isWhole, isWritable, plainWord, secondsText, wholeSeconds } from "./words.ts";

/** The file. `secret` is the content of the secret file; what is made from it is left out without one. */
export function renderKeepalived(pair: PairConfig, node: string, secret?: Uint8Array): string {
  const instances = instancesOf(pair);
  const group = groupMembers(pair, instances);
  const remarks = [
    ...keepalivedRemarks(pair, node, secret),
    ...(pair.fencing === undefined ? [] : [WITHOUT_FENCING]),
  ];
  return formatLines([
    ...heading(pair, node, remarks),
    "",
    block("global_defs", globals(pair, node)),
    ...pair.tracking.checks.filter(isCheckWritable).flatMap((check) => ["", definition(check)]),
    ...(group.length === 0 ? [] : ["", syncGroup(pair, node, group)]),
    ...instances.flatMap((instance) => [
      "",
      virtualRouter(pair, node, instance, { secret, isMember: group.length > 0 }),
    ]),
  ]);
}

const WITHOUT_FENCING =
  "keepalived does not fence itself: the addresses of a daemon that died stay where they are.";

/** What keepalived cannot do as the pair wants it, one sentence each. */
export function keepalivedRemarks(
  pair: PairConfig,
  node: string,
  secret?: Uint8Array,
): readonly string[] {
  routersOf(pair, node);
  const { authentication } = pair.election;
  return [
    ...(needsSecret(pair) && secret === undefined ? [WITHOUT_SECRET] : []),
    ...(authentication.type === "hmac" ? [NEEDS_HMAC] : []),
    ...(isPasswordLost(pair) ? [PASSWORD_LOST] : []),
    ...pair.tracking.checks.filter((check) => !isCheckWritable(check)).map(checkRemark),
    ...pair.tracking.checks.filter(isFractional).map(fractionRemark),
  ];
}

/** Whether the file lacks its authentication, because `secret` is not known or the password cannot be written. */
export const isKeepalivedIncomplete = (pair: PairConfig, secret?: Uint8Array): boolean =>
  isPasswordLost(pair) || (needsSecret(pair) && secret === undefined);

function isPasswordLost({ election: { authentication } }: PairConfig): boolean {
  return authentication.type === "pass" && !isWritable(authentication.password ?? "");
}

const PASSWORD_LOST =
  "authentication is missing here, because keepalived.conf cannot hold a password with a double quote in it: choose another one.";

/** A file's name cannot be written with a double quote in it; commands have escapes. */
const isCheckWritable = (check: PairCheck): boolean =>
  check.type === "script" || isWritable(check.type === "file" ? check.path : check.process);

const checkRemark = ({ name }: PairCheck): string =>
  `check ${name} is missing here, because keepalived.conf cannot hold a double quote in its name of a file or process.`;

const WITHOUT_SECRET =
  "authentication is missing here, because the secret file was not read: render this where it can be read.";
const NEEDS_HMAC =
  "auth_hmac needs keepalived 2.4 or later. Older ones, such as Debian's 2.2.7, lose the rest of the instance at that word.";

type ScriptCheck = Extract<PairCheck, { readonly type: "script" }>;

const isFractional = (check: PairCheck): check is ScriptCheck =>
  check.type === "script" && !(isWhole(check.interval) && isWhole(check.timeout));

const fractionRemark = ({ name, interval, timeout }: ScriptCheck): string =>
  `check ${name}: keepalived knows whole seconds only, so interval and timeout of ${secondsText(interval)} s and ${secondsText(timeout)} s are rounded up.`;

function globals(pair: PairConfig, node: string): readonly Line[] {
  return [
    `router_id ${node}`,
    `vrrp_version ${pair.election.version}`,
    // An interface that comes later, as a VLAN may at boot, is waited for.
    "dynamic_interfaces",
    // Without these two keepalived warns of every script, and may look for another user.
    ...(runsScripts(pair) ? ["enable_script_security", "script_user root"] : []),
  ];
}

const runsScripts = (pair: PairConfig): boolean =>
  notifications(pair).length > 0 || pair.tracking.checks.some(({ type }) => type === "script");

function definition(check: PairCheck): Line {
  switch (check.type) {
    case "script":
      return block(`vrrp_script ${check.name}`, [
        `script ${commandText(check.command)}`,
        `interval ${wholeSeconds(check.interval)}`,
        `timeout ${wholeSeconds(check.timeout)}`,
        `rise ${check.rise}`,
        `fall ${check.fall}`,
        `weight ${check.weight}`,
        ...(check.user === undefined ? [] : [`user ${check.user}`]),
      ]);
    case "file":
      return block(`track_file ${check.name}`, [
        `file ${plainWord(check.path)}`,
        `weight ${check.weight}`,
      ]);
    case "process":
      return block(`vrrp_track_process ${check.name}`, [
        `process ${plainWord(check.process)}`,
        `quorum ${check.quorum}`,
        `weight ${check.weight}`,
      ]);
  }
}

const syncGroup = (pair: PairConfig, node: string, members: readonly string[]): Line =>
  block(`vrrp_sync_group ${pair.election.groupName}`, [
    block("group", members),
    ...following(
      pair,
      instancesOf(pair).map(({ network }) => network.interfaces[node] ?? ""),
    ),
  ]);

interface Circumstances {
  readonly secret: Uint8Array | undefined;
  readonly isMember: boolean;
}

function virtualRouter(
  pair: PairConfig,
  node: string,
  instance: PairInstance,
  { secret, isMember }: Circumstances,
): Line {
  const { network, version, family } = instance;
  const { priority } = routersOf(pair, node).own;
  return block(`vrrp_instance ${instance.name}`, [
    // Only the owner of the addresses does not listen first.
    `state ${priority === PRIORITY_OWNER ? "MASTER" : "BACKUP"}`,
    `interface ${plainWord(network.interfaces[node] ?? "")}`,
    ...(family === 6 ? ["native_ipv6"] : []),
    ...(version === pair.election.version ? [] : [`version ${version}`]),
    `virtual_router_id ${instance.vrid}`,
    `priority ${priority}`,
    `advert_int ${secondsText(instance.interval)}`,
    ...preemption(pair, priority),
    ...transport(pair, node, instance),
    ...authenticationLines(pair, instance, secret),
    block("virtual_ipaddress", instance.addresses.map(formatPrefix)),
    ...optionalBlock("virtual_ipaddress_excluded", instance.excluded.map(formatPrefix)),
    ...optionalBlock("virtual_routes", routes(instance, node)),
    ...(isMember ? [] : following(pair, [network.interfaces[node] ?? ""])),
  ]);
}

function preemption({ election }: PairConfig, priority: number): readonly string[] {
  if (priority === PRIORITY_OWNER) return [];
  if (!election.preempt) return ["nopreempt"];
  return election.preemptDelay === NO_TIME
    ? []
    : [`preempt_delay ${secondsText(election.preemptDelay)}`];
}

function transport(pair: PairConfig, node: string, instance: PairInstance): readonly Line[] {
  const ends = advertisingEnds(pair, node, instance);
  if (ends === undefined) return [];
  if (!pair.election.unicast) return [`mcast_src_ip ${ends.own}`];
  return [`unicast_src_ip ${ends.own}`, block("unicast_peer", [ends.peer])];
}

function authenticationLines(
  { election: { authentication: wanted } }: PairConfig,
  { version }: PairInstance,
  secret: Uint8Array | undefined,
): readonly Line[] {
  if (wanted.type === "pass" && version === 2) {
    const password = wanted.password ?? (secret && passwordFrom(secret));
    if (password === undefined || !isWritable(password)) return [];
    return [block("authentication", ["auth_type PASS", `auth_pass ${plainWord(password)}`])];
  }
  if (wanted.type === "hmac" && version === 3 && secret !== undefined)
    return [block("auth_hmac", [`key ${HMAC_KEY_ID} hex:${hmacKeyFrom(secret)}`])];
  return [];
}

function routes({ gateways, network }: PairInstance, node: string): readonly string[] {
  const metric = network.metric === undefined ? "" : ` metric ${network.metric}`;
  return gateways.map(({ address, source }) => {
    const destination = address.includes(":") ? "::/0" : "0.0.0.0/0";
    const from = source === undefined ? "" : ` src ${source}`;
    return `${destination} via ${address} dev ${plainWord(network.interfaces[node] ?? "")}${from}${metric}`;
  });
}

/**
 * What a sync group follows and tells, or each instance where there is no group. keepalived follows the interfaces of the
 * instances themselves (`own`) and refuses to do so twice.
 */
function following(pair: PairConfig, own: readonly string[]): readonly Line[] {
  const { checks } = pair.tracking;
  const interfaces = pair.tracking.interfaces.filter(({ name }) => !own.includes(name));
  const named = (type: PairCheck["type"]): readonly string[] =>
    checks.filter((check) => check.type === type && isCheckWritable(check)).map(({ name }) => name);
  return [
    ...optionalBlock(
      "track_interface",
      interfaces.map(({ name, weight }) =>
        weight === 0 ? plainWord(name) : `${plainWord(name)} weight ${weight}`,
      ),
    ),
    ...optionalBlock("track_script", named("script")),
    ...optionalBlock("track_file", named("file")),
    ...optionalBlock("track_process", named("process")),
    ...notifications(pair),
  ];
}

/** The script that moves the connections gets the pair's own command behind it, and runs it last. */
function notifications({ hooks, replication }: PairConfig): readonly string[] {
  const glue = (state: string): readonly string[] =>
    replication === undefined ? [] : [PATHS.notifyScript, state];
  const notifies = [
    ["notify_master", [...glue("active"), ...(hooks.active ?? [])]],
    ["notify_backup", [...glue("backup"), ...(hooks.backup ?? [])]],
    ["notify_fault", [...glue("fault"), ...(hooks.fault ?? [])]],
    ["notify_stop", hooks.stop ?? []],
  ] as const;
  return notifies
    .filter(([, argv]) => argv.length > 0)
    .map(([keyword, argv]) => `${keyword} ${commandText(argv)}`);
}
