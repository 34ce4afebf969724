import { NOTIFY_SCRIPT } from "../config/pair/defaults.ts";

type Target =
  | "keepalived"
  | "conntrackd"
  | "notifyScript"
  | "nftables"
  | "dnsmasq"
  | "sysctl"
  | "sysupgrade";

/** Where rendered files belong, and what they call each other by. */
export const PATHS: Readonly<Record<Target, string>> = {
  keepalived: "/etc/keepalived/keepalived.conf",
  conntrackd: "/etc/conntrackd/conntrackd.conf",
  notifyScript: NOTIFY_SCRIPT,
  nftables: "/etc/duet/duet.nft",
  dnsmasq: "/etc/dnsmasq.d/duet.conf",
  sysctl: "/etc/sysctl.d/90-duet.conf",
  sysupgrade: "/etc/sysupgrade.conf",
};

/** The folder of the pair's own files. */
export const PAIR_FOLDER = "/etc/duet/";

export const CONNTRACKD_LOCK = "/var/lock/conntrack.lock";
export const CONNTRACKD_SOCKET = "/var/run/conntrackd.ctl";
