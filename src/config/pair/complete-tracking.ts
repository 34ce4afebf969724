/** What is tracked beyond the networks' own interfaces. */
import type { Findings } from "../findings.ts";
import { valueOr } from "./completion.ts";
import { QUORUM, SCRIPT_CHECK } from "./defaults.ts";
import type { CheckKeys, TrackingKeys } from "./election-keys.ts";
import type { Draft, Entry } from "./maps.ts";
import type { PairCheck, PairTracking } from "./model.ts";

export function completeTracking(findings: Findings, draft: Draft<TrackingKeys>): PairTracking {
  const interfaces = (draft.interfaces?.value ?? []).flatMap(({ value, at }) => {
    if (typeof value === "string") return [{ name: value, weight: 0, at }];
    const name = value.interface?.value;
    return name === undefined ? [] : [{ name, weight: value.weight?.value ?? 0, at }];
  });
  const seen = new Set<string>();
  for (const { name, at } of interfaces) {
    const message = `track.interfaces names ${name} twice: remove one of them`;
    if (seen.has(name)) findings.error(at, "key-duplicate", message);
    seen.add(name);
  }
  return {
    interfaces: interfaces.map(({ name, weight }) => ({ name, weight })),
    checks: (draft.checks?.value ?? []).flatMap((entry) => completeCheck(findings, entry) ?? []),
  };
}

const KINDS = ["run", "file", "process"] as const;
const OF_KIND: Readonly<Record<(typeof KINDS)[number], readonly (keyof CheckKeys)[]>> = {
  run: ["user", "interval", "timeout", "rise", "fall"],
  file: [],
  process: ["quorum"],
};

function completeCheck(
  findings: Findings,
  { name, nameAt, value: draft }: Entry<Draft<CheckKeys> | undefined>,
): PairCheck | undefined {
  if (draft === undefined) return undefined;
  const [kind, second] = KINDS.filter((key) => draft[key] !== undefined);
  if (kind === undefined || second !== undefined) {
    const what =
      kind === undefined ? "does not say what it checks" : `has both ${kind} and ${second ?? ""}`;
    const message = `track.checks.${name} ${what}: write one of run: COMMAND, file: PATH and process: NAME`;
    findings.error(nameAt, "check-kind", message);
    return undefined;
  }
  for (const [other, keys] of Object.entries(OF_KIND)) {
    for (const key of other === kind ? [] : keys) {
      const field = draft[key];
      const message = `track.checks.${name}.${key} belongs to checks with ${other}, and this one has ${kind}: remove it`;
      if (field !== undefined) findings.error(field.at, "no-effect", message);
    }
  }
  return checkOf(name, draft);
}

function checkOf(name: string, draft: Draft<CheckKeys>): PairCheck | undefined {
  const weight = valueOr(draft.weight, 0);
  const [command, path, process] = [draft.run?.value, draft.file?.value, draft.process?.value];
  if (path !== undefined) return { type: "file", name, path, weight };
  if (process !== undefined) {
    return { type: "process", name, process, quorum: valueOr(draft.quorum, QUORUM), weight };
  }
  return (
    command && {
      type: "script",
      name,
      command,
      user: draft.user?.value,
      interval: valueOr(draft.interval, SCRIPT_CHECK.interval),
      timeout: valueOr(draft.timeout, SCRIPT_CHECK.timeout),
      rise: valueOr(draft.rise, SCRIPT_CHECK.rise),
      fall: valueOr(draft.fall, SCRIPT_CHECK.fall),
      weight,
    }
  );
}
