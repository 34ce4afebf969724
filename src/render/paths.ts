/** Where rendered files belong, and what they call each other by. */
export const PATHS = {
  keepalived: "/etc/keepalived/keepalived.conf",
  conntrackd: "/etc/conntrackd/conntrackd.conf",
  notifyScript: "/etc/duet/notify.sh",
  nftables: "/etc/duet/duet.nft",
  dnsmasq: "/etc/dnsmasq.d/duet.conf",
  sysctl: "/etc/sysctl.d/90-duet.conf",
  sysupgrade: "/etc/sysupgrade.conf",
} as const;

/** The folder of the pair's own files. */
export const PAIR_FOLDER = "/etc/duet/";

export const CONNTRACKD_LOCK = "/var/lock/conntrack.lock";
export const CONNTRACKD_SOCKET = "/var/run/conntrackd.ctl";
