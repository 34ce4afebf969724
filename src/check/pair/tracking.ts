/** What two instances that belong together follow. Names may differ between two routers, so only kinds are counted. */
import type { InstanceConfig } from "../../vrrp/config.ts";
import { type Finding, found } from "../finding.ts";
import { blockAt, placeInBlock, type RouterPicture } from "../picture.ts";

interface Side {
  readonly instance: InstanceConfig;
  readonly picture: RouterPicture;
}

const KINDS = ["interface", "script", "file", "process"] as const;

/** Told at `there`, for each kind of which one router follows more than the other. */
export function compareTracking(here: Side, there: Side): readonly Finding[] {
  return KINDS.flatMap((kind) => {
    const [mine, theirs] = [followed(here, kind), followed(there, kind)];
    if (mine.length === theirs.length) return [];
    const { name } = there.instance;
    const message = `vrrp_instance ${name} follows ${listed(kind, theirs)}, and ${here.instance.name} on ${here.picture.name} follows ${listed(kind, mine)}`;
    const at = placeInBlock(
      there.picture,
      blockAt(there.picture, name),
      new RegExp(String.raw`\btrack_${kind}\b`),
    );
    return [found("tracking-differs", at, message)];
  });
}

/** By the instance or by its group. Its own interface every instance follows. */
function followed({ instance, picture }: Side, kind: string): readonly string[] {
  const groups = picture.election?.model.vrrp.groups ?? [];
  const mine = groups.filter(({ members }) => members.includes(instance.name));
  const prefix = `${kind}:`;
  const names = [...instance.tracking, ...mine.flatMap(({ tracking }) => tracking)]
    .filter(({ tracker }) => tracker.startsWith(prefix))
    .map(({ tracker }) => tracker.slice(prefix.length));
  return [...new Set(names)].filter((name) => kind !== "interface" || name !== instance.interface);
}

const listed = (kind: string, names: readonly string[]): string =>
  names.length === 0 ? `no ${kind}` : `${kind} ${names.join(", ")}`;
