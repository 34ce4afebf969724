/** Which program a configuration file was written for, by its name where that says it, and by what stands in its lines. */

/** Classic configurations that the daemon itself can run from. */
export type ConfigurationKind = "keepalived" | "conntrackd";

/** Files of the same router that say what surrounds the pair. */
export type FileKind =
  | ConfigurationKind
  | "uci"
  | "dnsmasq"
  | "nftables"
  | "sysctl"
  | "sysupgrade"
  | "script";

/** The sections of conntrackd.conf, in any case of letters so that the right reader may say what is wrong with it. */
const CONNTRACKD = /^\s*(?:sync|general|stats|helper)\s*(?:\{.*|#.*)?$/i;
/** The blocks of keepalived.conf, and what may stand before them. */
const KEEPALIVED =
  /^\s*(?:global_defs|vrrp_|static_|virtual_server|real_server|track_|linkbeat|garp_group|interface_up|net_namespace|include|[@$~])/;

/** The sections of the pair's file. No other kind of file has such a word and a colon at the beginning of a line. */
const PAIR =
  /^(?:pair|secret-file|routers|networks|vrrp|track|replication|hooks|fencing)\s*:(?:\s|$)/m;

/** Whether `file` with that content is meant as a pair's file. */
export const isPairFile = (file: string, text: string): boolean =>
  /\.ya?ml$/i.test(file) || PAIR.test(text);

/** The first line that tells decides. A file that says nothing is taken for a keepalived.conf. */
export function recogniseConfiguration(text: string): ConfigurationKind {
  for (const line of text.split("\n")) {
    if (CONNTRACKD.test(line)) return "conntrackd";
    if (KEEPALIVED.test(line)) return "keepalived";
  }
  return "keepalived";
}

const NAMES: readonly (readonly [RegExp, FileKind])[] = [
  [/(?:^|\/)sysupgrade\.conf$/, "sysupgrade"],
  [/(?:^|\/)(?:sysctl\.conf|sysctl\.d\/[^/]+)$/, "sysctl"],
  [/(?:^|\/)nftables\.conf$|\.nft$/, "nftables"],
  [/(?:^|\/)(?:dnsmasq\.conf|dnsmasq\.d\/[^/]+)$/, "dnsmasq"],
];

const CONTENTS: readonly (readonly [RegExp, FileKind])[] = [
  [/^#!.*\bnft\b/, "nftables"],
  [/^#!.*(?:sh|python3?|perl|lua)\b/, "script"],
  [CONNTRACKD, "conntrackd"],
  [KEEPALIVED, "keepalived"],
  [/^\s*(?:config|package)\s+['"]?[\w-]+['"]?(?:\s+['"]?[\w-]*['"]?)?\s*(?:#.*)?$/, "uci"],
  [/^\s*(?:table\s+(?:(?:inet|ip6?|arp|bridge|netdev)\s+)?\w+\s*\{|flush\s+ruleset)/, "nftables"],
  [/^\s*(?:dhcp-(?:range|option|host)|domain-needed|bogus-priv|listen-address)\b/, "dnsmasq"],
  [/^\s*-?net[./][\w./-]+\s*=/, "sysctl"],
];

/** As recogniseConfiguration, among all kinds of files. `file` is its path. */
export function recogniseFile(file: string, text: string): FileKind {
  const byName = NAMES.find(([pattern]) => pattern.test(file));
  if (byName !== undefined) return byName[1];
  for (const line of text.split("\n")) {
    const match = CONTENTS.find(([pattern]) => pattern.test(line));
    if (match !== undefined) return match[1];
  }
  return "keepalived";
}

const FOLDERS: Readonly<Record<FileKind, string>> = {
  keepalived: "/etc/keepalived/",
  conntrackd: "/etc/conntrackd/",
  uci: "/etc/config/",
  dnsmasq: "/etc/",
  nftables: "/etc/",
  sysctl: "/etc/",
  sysupgrade: "/etc/",
  script: "",
};

/** Where a file lies on the router: from `etc` on where its path has that, and else where such files usually are. */
export function placeOnRouter(file: string, kind: FileKind): string | undefined {
  const match = /(?:^|\/)(etc\/.+)$/.exec(file);
  if (match?.[1] !== undefined) return `/${match[1]}`;
  const name = file.split("/").at(-1) ?? file;
  return kind === "script" ? undefined : `${FOLDERS[kind]}${name}`;
}
