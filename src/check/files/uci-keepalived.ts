/** OpenWrt's /etc/config/keepalived: whether keepalived starts from the keepalived.conf that was given. */
import { optionOf, type UciFile } from "../../config/uci/model.ts";
import { type Finding, found } from "../finding.ts";
import type { RouterPicture } from "../picture.ts";

const SECTIONS = new Set(["globals", "global_defs"]);

/** Silent about other files. */
export function checkStart(file: UciFile, { election }: RouterPicture): readonly Finding[] {
  const isAboutKeepalived = file.sections.some(
    ({ type }) => SECTIONS.has(type) || type.startsWith("vrrp_"),
  );
  if (!isAboutKeepalived) return [];
  const instance = file.sections.find(({ type }) => type === "vrrp_instance");
  if (election === undefined) {
    if (instance === undefined) return [];
    const message = "vrrp_instance sections are not compared with other files";
    return [found("election-not-given", instance.at, message)];
  }
  const globals = file.sections.filter(({ type }) => SECTIONS.has(type));
  if (globals.some((section) => optionOf(section, "alt_config_file") !== undefined)) return [];
  const at = globals[0]?.at ?? { file: file.file, line: 1, column: 1 };
  const message = `keepalived is started from this file and not from ${election.file}: it names no alt_config_file`;
  return [found("keepalived-conf-unused", at, message)];
}
