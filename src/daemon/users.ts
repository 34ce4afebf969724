/** Users and groups by name, from /etc/passwd and /etc/group: scripts run as the user their configuration names. */
import { readFileSync } from "node:fs";

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** The ids that `user` (and `group`, otherwise the user's own) stands for; a number is taken as an id. Throws when unknown. */
export function lookUpIdentity(user: string, group: string | undefined): Identity {
  const entry = findEntry("/etc/passwd", user);
  if (entry === undefined) throw new Error(`no user ${user} in /etc/passwd`);
  const [, , uid = "", primary = ""] = entry;
  if (group === undefined) return { uid: Number(uid), gid: Number(primary) };
  const groupEntry = findEntry("/etc/group", group);
  if (groupEntry === undefined) throw new Error(`no group ${group} in /etc/group`);
  return { uid: Number(uid), gid: Number(groupEntry[2]) };
}

function findEntry(path: string, name: string): readonly string[] | undefined {
  const byName = /^\d+$/.test(name) ? 2 : 0;
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find((fields) => fields.length > 2 && fields[byName] === name);
}
