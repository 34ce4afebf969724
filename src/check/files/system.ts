/** sysctl.conf(5) and OpenWrt's sysupgrade.conf. */
import type { Contribution, Placed } from "../picture.ts";
import { linesOf } from "./lines.ts";

/** The last setting of a key counts. Keys with slashes are read as those with dots. */
export function readSysctl(file: string, text: string): Contribution {
  const sysctls: Record<string, Placed<string>> = {};
  for (const { text: line, at } of linesOf(file, text, /^\s*[#;].*$/)) {
    const match = /^-?\s*([\w./*-]+)\s*=\s*(.*)$/.exec(line);
    const [, key = "", value = ""] = match ?? [];
    if (match !== null) sysctls[key.replaceAll("/", ".")] = { value, at };
  }
  return { sysctls };
}

export function readSysupgrade(file: string, text: string): Contribution {
  const lines = linesOf(file, text, /^\s*#.*$/);
  const at = lines.at(-1)?.at ?? { file, line: 1, column: 1 };
  return { kept: { paths: lines.map((line) => line.text), at: { ...at, column: 1 } } };
}
