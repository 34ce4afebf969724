/** The files of routers as OpenWrt's releases have them, which lie in folders beside this one. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ImportedUci } from "../../../../src/config/import/uci.ts";
import { importUci } from "../../../../src/config/import/uci.ts";
import type { UciFileText } from "../../../../src/render/uci-files.ts";

/** 19.07 with a switch and ifname; 21.02 with a bridge device, before anything was set up; DSA with VLANs and both families. */
export const STYLES = ["swconfig", "bridge", "dsa"] as const;

const PACKAGES = ["network", "dhcp", "firewall", "keepalived"] as const;

export const filesOf = (style: string): readonly UciFileText[] =>
  PACKAGES.flatMap((name) => {
    const file = path.join(import.meta.dirname, style, name);
    if (!existsSync(file)) return [];
    return [{ package: name, path: `/etc/config/${name}`, text: readFileSync(file, "utf8") }];
  });

export const importFiles = (files: readonly UciFileText[]): ImportedUci =>
  importUci(Object.fromEntries(files.map((file) => [file.package, file])));
