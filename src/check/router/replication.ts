/** conntrackd.conf beside keepalived.conf and the kernel's limits. */
import { type IpAddress, prefixContains } from "../../base/ip.ts";
import type { Position } from "../../config/diagnostics.ts";
import type { Command, Model } from "../../config/model.ts";
import type { ReplicationConfig } from "../../replication/config.ts";
import { type Finding, found } from "../finding.ts";
import { blockAt, placeOf, type RouterPicture, virtualsOf } from "../picture.ts";

export function checkReplication(picture: RouterPicture): readonly Finding[] {
  const { replication, replicationFile } = picture;
  if (replicationFile === undefined) return [];
  const committed = checkCommit(picture);
  if (replication === undefined) return committed;
  const { config, file } = replication;
  const start: Position = { file, line: 1, column: 1 };
  return [
    ...committed,
    ...checkLinks(picture, config, start),
    ...checkOwnFlows(picture, config, start),
    ...checkHashLimit(picture, config, start),
  ];
}

/** A script may call the program by a variable and the option by a function. */
const commits = (text: string): boolean =>
  (/conntrackd/i.test(text) && /(?<=\s|^)["']?-c["']?(?=\s|;|$)/m.test(text)) ||
  /\bduet\s+flows\s+commit\b/.test(text);

/** Silent about scripts whose text was not given. */
function checkCommit(picture: RouterPicture): readonly Finding[] {
  const { election } = picture;
  if (election === undefined || election.model.vrrp.instances.length === 0) return [];
  const { model } = election;
  if (Object.keys(picture.origins).length > 0) return checkHotplug(picture);
  const programs = notifiers(model);
  if (programs.some((command) => mayCommit(picture, command)) || model.fifos.length > 0) return [];
  const unit = model.vrrp.groups[0]?.name ?? model.vrrp.instances[0]?.name ?? "";
  const reason =
    programs.length === 0
      ? "has no notify script"
      : "has notify scripts, and none of them calls conntrackd -c";
  const message = `${unit} ${reason}, so keepalived and conntrackd never put replicated connections into the kernel`;
  return [found("state-never-committed", blockAt(picture, unit), message)];
}

/** OpenWrt's package has no words for notify scripts: it runs those of its hotplug folder, and the user's. */
const HOTPLUG = /\/hotplug\.d\/keepalived\/[^/]+$|\/keepalived\.user$/;

function checkHotplug(picture: RouterPicture): readonly Finding[] {
  const scripts = picture.files.filter(({ file }) => HOTPLUG.test(file));
  if (scripts.some(({ text }) => commits(text))) return [];
  const { groups, instances } = picture.election?.model.vrrp ?? { groups: [], instances: [] };
  const unit = groups[0]?.name ?? instances[0]?.name ?? "";
  const reason =
    scripts.length === 0
      ? "has no script in /etc/hotplug.d/keepalived among these files"
      : "has scripts in /etc/hotplug.d/keepalived, and none of them calls conntrackd -c";
  const message = `${unit} ${reason}, so keepalived and conntrackd never put replicated connections into the kernel`;
  const fix =
    "call `conntrackd -c` from /etc/keepalived.user or a script in /etc/hotplug.d/keepalived when ACTION is NOTIFY_MASTER, or run Duet";
  return [found("state-never-committed", blockAt(picture, unit), message, fix)];
}

function notifiers({ instanceNotify, groupNotify }: Model): readonly Command[] {
  const configs = [...Object.values(groupNotify), ...Object.values(instanceNotify)];
  return configs.flatMap(({ master, any }) => [master, any].filter((one) => one !== undefined));
}

function mayCommit({ files }: RouterPicture, { argv }: Command): boolean {
  const program = argv[0] ?? "";
  if (commits(argv.join(" "))) return true;
  const name = program.split("/").at(-1) ?? program;
  const script = files.find(({ file }) => file.split("/").at(-1) === name);
  return script === undefined || commits(script.text);
}

function checkLinks(
  picture: RouterPicture,
  { channels }: ReplicationConfig,
  start: Position,
): readonly Finding[] {
  const shared = channels.filter((channel) =>
    virtualsOf(picture).some(({ instance }) => instance.interface === channel.interface),
  );
  return shared.map((channel) => {
    const message = `connections are replicated over ${channel.interface}, which has virtual addresses and therefore hosts`;
    return found("link-shared", placeOf(picture, start, /^\s*Interface\b/i), message);
  });
}

const LOOPBACK = /^127\.|^::1$/;

/** Of the own addresses that are known: the ones of the dedicated links always are. */
function checkOwnFlows(
  picture: RouterPicture,
  { filter, channels }: ReplicationConfig,
  start: Position,
): readonly Finding[] {
  if (filter.addresses?.policy === "accept") return [];
  const ignored = filter.addresses?.entries ?? [];
  const links = channels
    .filter(({ transport }) => transport !== "multicast")
    .map(({ address }) => address);
  const own = new Set<IpAddress>([
    ...links,
    ...picture.ownAddresses.map(({ prefix }) => prefix.address),
  ]);
  const missing = [...own].filter(
    (address) =>
      !LOOPBACK.test(address) && !ignored.some((prefix) => prefixContains(prefix, address)),
  );
  if (missing.length === 0) return [];
  const at = placeOf(picture, placeOf(picture, start, /\bFilter\b/i), /\bAddress\s+Ignore\b/i);
  const message = `flows of the router itself are replicated: Address Ignore does not list ${missing.join(", ")}`;
  const lines = missing.map(
    (address) => `${address.includes(":") ? "IPv6" : "IPv4"}_address ${address}`,
  );
  return [
    found("own-flows-replicated", at, message, `add to Address Ignore { }: ${lines.join(", ")}`),
  ];
}

const LIMITS = ["net.netfilter.nf_conntrack_max", "net.nf_conntrack_max"];

function checkHashLimit(
  picture: RouterPicture,
  { hashLimit }: ReplicationConfig,
  start: Position,
): readonly Finding[] {
  const limit = LIMITS.flatMap((key) => picture.sysctls[key] ?? []).at(-1);
  const kernelMax = Number(limit?.value);
  if (limit === undefined || !Number.isSafeInteger(kernelMax) || hashLimit >= kernelMax) return [];
  const message = `HashLimit is ${hashLimit}, and the kernel tracks up to ${kernelMax} connections (${limit.at.file}:${limit.at.line})`;
  const at = placeOf(picture, start, /\bHashLimit\b/i);
  return [found("hash-limit-low", at, message, `write HashLimit ${kernelMax * 2}`)];
}
