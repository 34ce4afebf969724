/** Where things stand, by the paths of the file and by those of the model. */
import type { Position } from "../diagnostics.ts";

/** First words of paths that the model calls otherwise. */
const SECTIONS: Readonly<Record<string, string>> = { vrrp: "election", track: "tracking" };
/** Keys of networks and of the replication that the model calls otherwise. */
const KEYS: Readonly<Record<string, string>> = {
  interface: "interfaces",
  address: "addresses",
  gateway: "gateways",
  translate: "translates",
  ignore: "ignoredAddresses",
  states: "tcpStates",
  group: "groupName",
};

/** Every path in both ways: "vrrp.preempt-delay" is "election.preemptDelay", too. */
export function positionsOf(
  paths: ReadonlyMap<string, Position>,
): Readonly<Record<string, Position>> {
  const entries = [...paths].flatMap(([path, at]): [string, Position][] => {
    const model = modelPath(path);
    return model === path
      ? [[path, at]]
      : [
          [path, at],
          [model, at],
        ];
  });
  return Object.fromEntries(entries);
}

function modelPath(path: string): string {
  const [section = "", ...rest] = path.split(".");
  if (path === "networks") return path;
  const first = SECTIONS[section] ?? camel(section);
  // Names that people chose stay as they are.
  if (section === "routers") return path;
  const last = rest.at(-1) ?? "";
  // A network's name may have dots.
  if (section === "networks") return [first, ...rest.slice(0, -1), KEYS[last] ?? last].join(".");
  return [first, ...rest.map((key) => KEYS[key] ?? camel(key))].join(".");
}

const camel = (word: string): string =>
  word.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
