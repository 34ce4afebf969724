/** Findings about what surrounds election and replication: DHCP, firewall, translation, upgrades of the system. */
export const SERVICES_ENTRIES = {
  "dhcp-option-not-virtual": {
    severity: "error",
    summary: "DHCP names a gateway or name server that is no virtual address of that network.",
    cause:
      "The option and the virtual address were changed apart from each other, or copied from an example.",
    consequence:
      "Hosts use an address that nobody holds, or that does not move when the router fails.",
    fix: "Write the virtual address of the network into options 3 and 6.",
  },
  "dhcp-option-missing": {
    severity: "error",
    summary: "DHCP does not name the virtual address as gateway or name server.",
    cause: "Without option 3 or 6 dnsmasq announces the own address of the router that answers.",
    consequence: "Hosts keep a gateway that is gone when that router fails.",
    fix: "Add list dhcp_option '3,ADDRESS' and list dhcp_option '6,ADDRESS' with the virtual address.",
  },
  "dhcp-force-missing": {
    severity: "warning",
    summary: "DHCP on a network with two routers is not forced.",
    cause:
      "OpenWrt's dnsmasq looks for another DHCP server at its start and stays silent when there is one.",
    consequence: "Only the router that started first answers, and nobody does when it fails.",
    fix: "Add option force '1' to the dhcp section, on both routers.",
  },
  "dhcp-one-sided": {
    severity: "warning",
    summary: "Only one of the routers answers DHCP on a network of the pair.",
    cause: "The section is missing in, or switched off on, one router.",
    consequence: "Hosts get no address while that router is away.",
    fix: "Serve DHCP on both routers with the same settings.",
  },
  "dhcp-pool-covers": {
    severity: "error",
    summary: "The pool of DHCP contains an address of a router or a virtual address.",
    cause: "start and limit, or dhcp-range, were chosen without regard to these addresses.",
    consequence: "A host is given an address that is in use, and one of both is unreachable.",
    fix: "Choose a pool beside these addresses, the same one on both routers.",
  },
  "dhcp-pool-differs": {
    severity: "warning",
    summary: "The routers hand out different pools on one network.",
    cause: "start, limit or dhcp-range was changed in one file only.",
    consequence: "Hosts change their addresses, and lose their connections, after a failover.",
    fix: "Write the same pool into both files.",
  },
  "dhcp-host-duplicate": {
    severity: "error",
    summary: "Two static leases have the same hardware address, IP address or name.",
    cause: "A host was entered twice.",
    consequence: "Which of the entries counts is left to chance.",
    fix: "Remove one of the entries.",
  },
  "dhcp-host-drift": {
    severity: "warning",
    summary: "A static lease is on one router only, or differs between the two.",
    cause: "A host was entered or changed on one router only.",
    consequence: "The host gets another address after a failover.",
    fix: "Copy the entry to the other router.",
  },
  "masquerade-own-address": {
    severity: "error",
    summary: "Masquerading on a network with a virtual address uses the router's own address.",
    cause:
      "Masquerading takes the first address of the outgoing interface, and that is the own address and not the virtual one.",
    consequence:
      "Replies to translated connections come to the router that failed, so every one of them dies at a failover, replicated or not.",
    fix: "Replace masquerading by source translation to the virtual address of that network.",
  },
  "reply-address-lost": {
    severity: "error",
    summary: "Source translation uses an address that does not move.",
    cause: "The address after snat is the router's own one, or one that nobody holds.",
    consequence: "Replies arrive at an address that nobody holds after a failover.",
    fix: "Translate to the virtual address of the outgoing network, on both routers.",
  },
  "firewall-vrrp": {
    severity: "error",
    summary: "The firewall does not let advertisements of the other router in.",
    cause: "The input policy is not accept, and no rule accepts IP protocol 112 from that network.",
    consequence: "The router does not hear the other one, so both are active.",
    fix: "Accept IP protocol 112 from the other router's address on that interface.",
  },
  "firewall-replication": {
    severity: "error",
    summary: "The firewall does not let replicated connections in.",
    cause:
      "The input policy is not accept, and no rule accepts the port of replication on the dedicated link.",
    consequence: "Nothing is replicated, and all connections are lost at a failover.",
    fix: "Accept the UDP or TCP port of replication from the other router's address on the dedicated link.",
  },
  "firewall-drift": {
    severity: "warning",
    summary: "A rule of the firewall is on one router only.",
    cause: "The firewall was changed on one router only.",
    consequence: "What is let through, or forwarded, changes with a failover.",
    fix: "Copy the section to the other router, or remove it from both.",
  },
  "own-address-differs": {
    severity: "error",
    summary: "The router's network configuration has another own address than the pair's file.",
    cause: "The address was changed in one of the two files only.",
    consequence:
      "The router does not find itself in the pair's file, or the other one looks for it at the wrong address.",
    fix: "Write the same address into duet.yaml and into the network configuration.",
  },
  "election-not-given": {
    severity: "warning",
    summary: "The election is in a file that was not given.",
    cause: "/etc/config/keepalived names that file as alt_config_file.",
    consequence: "Virtual addresses are not known, so nothing is checked against them.",
    fix: "Give that file, too.",
  },
  "keepalived-disabled": {
    severity: "warning",
    summary: "OpenWrt does not start keepalived.",
    cause:
      "The option enabled of the globals section is 0, as the package has it since OpenWrt 25.12.",
    consequence: "There is no election on this router, unless Duet runs in keepalived's place.",
    fix: "Write option enabled '1' in the section globals; leave it when Duet runs instead.",
  },
  "keepalived-conf-unused": {
    severity: "error",
    summary: "OpenWrt starts keepalived from its own configuration and not from keepalived.conf.",
    cause: "/etc/config/keepalived has no alt_config_file.",
    consequence: "What keepalived.conf says has no effect, so there may be no election at all.",
    fix: "Add option alt_config_file '/etc/keepalived/keepalived.conf' to the globals section (global_defs before OpenWrt 21.02).",
  },
  "sysupgrade-missing": {
    severity: "warning",
    summary: "A file is not kept when the system is upgraded.",
    cause: "/etc/sysupgrade.conf does not name the file or its folder.",
    consequence: "After an upgrade of OpenWrt the router comes back without it.",
    fix: "Add the path, or its folder with a slash at the end, to /etc/sysupgrade.conf.",
  },
  "comment-address": {
    severity: "warning",
    summary: "A comment calls an address virtual that is none.",
    cause: "The setting was changed and the comment was not, or the other way round.",
    consequence: "Whoever repairs the router at night believes the comment.",
    fix: "Correct the comment or the setting.",
  },
} as const;
