/**
 * OpenWrt's /etc/config/keepalived: the election it describes, read by the rules of keepalived.conf, and whether keepalived
 * starts from what was given.
 */
import type { Position } from "../../config/diagnostics.ts";
import { loadKeepalivedConf } from "../../config/keepalived/load.ts";
import type { Environment, FileSource } from "../../config/source.ts";
import {
  globalsOf,
  hasInstances,
  isAboutKeepalived,
  keepalivedText,
} from "../../config/uci/keepalived-text.ts";
import { entryOf, isOn, optionOf, type UciFile, type UciSection } from "../../config/uci/model.ts";
import { explained, type Finding, found } from "../finding.ts";
import { checkKeepalived } from "../keepalived.ts";
import type { RouterFile, RouterPicture } from "../picture.ts";

export interface UciElection {
  /** In the places of the file itself. */
  readonly findings: readonly Finding[];
  /** Undefined when there is none, or one with errors. */
  readonly election: RouterPicture["election"];
  /** The keepalived.conf that OpenWrt makes of the file; positions of the election are in this one. */
  readonly written: RouterFile;
  /** Where each line of it comes from. */
  readonly origin: readonly Position[];
}

/** The election of a file without errors of syntax. Undefined when it has none, or when keepalived reads another file instead. */
export function readElection(file: UciFile, environment: Environment): UciElection | undefined {
  if (!hasInstances(file) || alternativeOf(file) !== undefined) return undefined;
  const { text, places, diagnostics } = keepalivedText(file);
  const origin = places.length > 0 ? places : [{ file: file.file, line: 1, column: 1 }];
  const name = `${file.file} as keepalived.conf`;
  const source: FileSource = {
    read: (path) =>
      path === name ? { ok: true, text } : { ok: false, reason: "there is no such file" },
    glob: () => [],
  };
  const loaded = loadKeepalivedConf(name, source, environment);
  const { model } = loaded;
  // What keeps the instances out was told by then.
  const read = [...loaded.diagnostics, ...checkKeepalived(loaded)]
    .filter(({ code }) => code !== "instance-none")
    .map((one) => inUciWords(explained(one, "keepalived.conf")));
  return {
    findings: [
      ...diagnostics.map((one) => explained(one, "OpenWrt's files")),
      ...read.map((one) => atOrigin(one, name, origin)),
    ],
    election: model && { model, file: file.file },
    written: { file: name, place: undefined, text, lines: text.split("\n") },
    origin,
  };
}

/** The one keyword that readers advise and that OpenWrt's package calls otherwise. */
const translated = (text: string): string =>
  text.replace("sync_group_tracking_weight", () => "option global_tracking '1'");

const inUciWords = (finding: Finding): Finding => ({
  ...finding,
  message: translated(finding.message),
  fix: translated(finding.fix),
});

/** Findings about the file that was made, told where its lines come from. */
export const atOrigins = (
  findings: readonly Finding[],
  routers: readonly RouterPicture[],
): readonly Finding[] => {
  const origins = new Map(routers.flatMap((router) => Object.entries(router.origins)));
  return findings.map((one) => atOrigin(one, one.at.file, origins.get(one.at.file)));
};

function atOrigin(
  finding: Finding,
  name: string,
  places: readonly Position[] | undefined,
): Finding {
  if (places === undefined || finding.at.file !== name) return finding;
  const at = places[finding.at.line - 1] ?? places.at(-1) ?? finding.at;
  const message = finding.message.replace(
    /\bin line (\d+)/,
    (whole, line: string) => `in line ${places[Number(line) - 1]?.line ?? whole}`,
  );
  return { ...finding, at, message };
}

/** The keepalived.conf that keepalived reads in place of this file. */
function alternativeOf(file: UciFile): string | undefined {
  const [named] = globalsOf(file).flatMap((section) => optionOf(section, "alt_config_file") ?? []);
  return named;
}

/** The option that keeps the package from starting keepalived, where it is off. */
const offSwitch = (file: UciFile): UciSection | undefined =>
  globalsOf(file).find((section) => !isOn(section, "enabled", true));

/** Whether OpenWrt starts keepalived, as far as this file tells. */
export const isStarted = (file: UciFile): boolean => offSwitch(file) === undefined;

/** Whether keepalived starts from what `picture` shows. Silent about other files. */
export function checkStart(file: UciFile, { election }: RouterPicture): readonly Finding[] {
  if (!isAboutKeepalived(file)) return [];
  const off = offSwitch(file);
  if (off !== undefined && (hasInstances(file) || election !== undefined)) {
    const at = entryOf(off, "enabled")?.statement.at ?? off.at;
    return [found("keepalived-disabled", at, "OpenWrt does not start keepalived: enabled is off")];
  }
  const alternative = alternativeOf(file);
  const start = globalsOf(file)[0]?.at ?? { file: file.file, line: 1, column: 1 };
  if (alternative !== undefined) return checkAlternative(file, election, alternative, start);
  if (election === undefined || election.file === file.file) return [];
  const message = `keepalived is started from this file and not from ${election.file}: it names no alt_config_file`;
  return [found("keepalived-conf-unused", start, message)];
}

function checkAlternative(
  file: UciFile,
  election: RouterPicture["election"],
  alternative: string,
  start: Position,
): readonly Finding[] {
  const unread = file.sections.find(({ type }) => type === "vrrp_instance");
  const missing = `keepalived reads ${alternative}, which was not given`;
  return [
    ...(election === undefined ? [found("election-not-given", start, missing)] : []),
    ...(unread === undefined ? [] : [unreadInstances(unread.at, alternative)]),
  ];
}

function unreadInstances(at: Position, alternative: string): Finding {
  const message = `keepalived reads ${alternative} instead of the instances here: remove them, or alt_config_file`;
  const diagnostic = { at, severity: "warning", code: "uci-section-unread", message } as const;
  return explained(diagnostic, "OpenWrt's files");
}
