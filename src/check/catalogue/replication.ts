/** Findings about the replication of connections, from one router's configuration or from both. */
export const REPLICATION_ENTRIES = {
  "state-never-committed": {
    severity: "warning",
    summary: "conntrackd replicates connections and nothing ever puts them into the kernel.",
    cause:
      "keepalived.conf has no notify script, or the script does not call conntrackd -c when the router becomes master.",
    consequence:
      "With keepalived and conntrackd every connection through NAT dies at a failover, as if nothing were replicated.",
    fix: "Run duet run --keepalived FILE --conntrackd FILE, which does it by itself, or add notify_master with a script that calls conntrackd -c.",
  },
  "replication-one-sided": {
    severity: "warning",
    summary: "Only one of the routers replicates its connections.",
    cause: "conntrackd.conf was written, or given, for one router only.",
    consequence: "After a failover to the other router all connections are lost.",
    fix: "Write a conntrackd.conf for the other router, with the two addresses of the link exchanged.",
  },
  "replication-mode-differs": {
    severity: "error",
    summary: "The routers replicate in different modes.",
    cause: "Mode was changed in one file only.",
    consequence: "Each takes the other's messages for faulty ones, and connections are lost.",
    fix: "Write the same Mode into both files.",
  },
  "link-same-address": {
    severity: "error",
    summary: "Both routers have the same address on the dedicated link.",
    cause: "conntrackd.conf was copied to the other router unchanged.",
    consequence: "Neither router reaches the other one, so nothing is replicated.",
    fix: "On one of the routers exchange IPv4_address and IPv4_Destination_Address.",
  },
  "link-peer-differs": {
    severity: "error",
    summary: "The peer that a dedicated link names is not the other router's address.",
    cause: "An address of the link was mistyped or changed in one file only.",
    consequence: "Messages go to nobody, so nothing is replicated.",
    fix: "Write the other router's IPv4_address after IPv4_Destination_Address.",
  },
  "link-transport-differs": {
    severity: "error",
    summary: "The routers use different transports, groups or ports on the dedicated link.",
    cause: "UDP, Multicast, TCP, Group or Port was changed in one file only.",
    consequence: "Neither router hears the other one, so nothing is replicated.",
    fix: "Write the same transport, group and port into both files.",
  },
  "link-shared": {
    severity: "warning",
    summary: "Connections are replicated over a network that has hosts on it.",
    cause: "The dedicated link is the interface of a virtual router.",
    consequence:
      "Whoever is on that network can read and forge the table of connections, and loses it when that network fails.",
    fix: "Connect the routers with a cable or VLAN of their own, and name it in Interface.",
  },
  "own-flows-replicated": {
    severity: "warning",
    summary: "Connections of the routers themselves are replicated.",
    cause: "Address Ignore does not list the own addresses of both routers.",
    consequence:
      "The link carries what is of no use on the other router, its own messages among it.",
    fix: "List the own addresses of both routers in Address Ignore; the virtual ones stay out of the list.",
  },
  "filter-differs": {
    severity: "warning",
    summary: "The routers do not replicate the same connections.",
    cause: "The Filter block was changed in one file only.",
    consequence: "Which connections survive depends on the direction of the failover.",
    fix: "Copy the Filter block from one file to the other.",
  },
  "hash-limit-low": {
    severity: "warning",
    summary: "The table of replication holds fewer connections than the kernel does.",
    cause: "HashLimit is below net.netfilter.nf_conntrack_max.",
    consequence: "Under load some connections are not replicated and die at a failover.",
    fix: "Write HashLimit with twice the value of nf_conntrack_max.",
  },
} as const;
