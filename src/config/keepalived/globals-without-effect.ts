/** Keywords of global_defs that ask for what Duet does anyway, or that it does not act on. */
import type { Table } from "./reading.ts";
import { implied, unsupported } from "./reading.ts";

const impliedGlobals = <Draft>(): Table<Draft> => [
  implied(
    "reload_check_config",
    "[LOG]",
    "A new configuration is always checked before it is taken over.",
  ),
  implied("random_seed", "NUMBER", "Nothing is left to chance."),
  implied("process_names", "[BOOLEAN]", "Threads have names."),
  implied(
    "vrrp_rlimit_rttime",
    "[NUMBER]",
    "A thread that hangs loses its addresses to the kernel's clock and its daemon to the service manager's watchdog.",
  ),
  implied("disable_local_igmp", "[BOOLEAN]", "Group membership is left to the kernel."),
];

/** Keywords whose names begin alike and that all have no effect here. */
const MAIL = [
  "notification_email_from",
  "smtp_server",
  "smtp_helo_name",
  "smtp_connect_timeout",
  "smtp_alert",
  "smtp_alert_vrrp",
  "smtp_alert_checker",
  "no_email_faults",
  "no_checker_emails",
];
const FILES = [
  "data_use_instance",
  "state_dump_file",
  "stats_dump_file",
  "json_dump_file",
  "state_dump_file_location",
  "stats_dump_file_location",
  "json_dump_file_location",
  "json_version",
  "tmp_config_directory",
  "config_save_dir",
  "umask",
  "reload_time_file",
  "reload_repeat",
  "reload_file",
  "use_symlink_paths",
  "iproute_usr_dir",
  "iproute_etc_dir",
  "include_check",
  "set_supplementary_groups",
  "fifo_write_vrrp_states_on_reload",
];
const PROCESSES = [
  "process_name",
  "vrrp_process_name",
  "bfd_process_name",
  "checker_process_name",
  "vrrp_cpu_affinity",
  "max_auto_priority",
  "min_auto_priority_delay",
  "process_priority",
  "process_no_swap",
  "process_rt_priority",
  "process_cpu_affinity",
  "process_rlimit_rttime",
  "bfd_priority",
  "bfd_no_swap",
  "bfd_rt_priority",
  "bfd_cpu_affinity",
  "bfd_rlimit_rttime",
  "checker_priority",
  "checker_no_swap",
  "checker_rt_priority",
  "checker_cpu_affinity",
  "checker_rlimit_rttime",
];
const FIREWALL = [
  "vrrp_iptables",
  "vrrp_ipsets",
  "nftables",
  "nftables_priority",
  "nftables_counters",
  "nftables_ifindex",
  "nftables_ipvs",
  "nftables_ipvs_priority",
  "nftables_ipvs_start_fwmark",
];
const BUFFERS = [
  "vrrp_netlink_cmd_rcv_bufs",
  "vrrp_netlink_cmd_rcv_bufs_force",
  "vrrp_netlink_monitor_rcv_bufs",
  "vrrp_netlink_monitor_rcv_bufs_force",
  "process_monitor_rcv_bufs",
  "process_monitor_rcv_bufs_force",
  "lvs_netlink_cmd_rcv_bufs",
  "lvs_netlink_cmd_rcv_bufs_force",
  "lvs_netlink_monitor_rcv_bufs",
  "lvs_netlink_monitor_rcv_bufs_force",
  "vrrp_rx_bufs_policy",
  "vrrp_rx_bufs_multiplier",
];
const MANAGEMENT = [
  "enable_traps",
  "snmp_socket",
  "enable_snmp_vrrp",
  "enable_snmp_keepalived",
  "enable_snmp_checker",
  "enable_snmp_rfc",
  "enable_snmp_rfcv2",
  "enable_snmp_rfcv3",
  "snmp_vs_stats_update_interval",
  "snmp_rs_stats_update_interval",
  "enable_dbus",
  "dbus_service_name",
  "dbus_no_interface_name",
];
const LVS = [
  "lvs_sync_daemon",
  "lvs_timeouts",
  "lvs_flush",
  "lvs_flush_on_stop",
  "lvs_flush_onstop",
  "lvs_notify_fifo",
  "lvs_notify_fifo_script",
  "rs_init_notifies",
  "checker_log_all_failures",
];
const LINK = ["vrrp_garp_extra_if", "vrrp_vmac_garp_intvl", "vmac_addr_prefix"];

const unsupportedGroup = <Draft>(doc: string, names: readonly string[]): Table<Draft> =>
  names.map((name) => unsupported(name, "[…]", doc));

export const globalsWithoutEffect = <Draft>(): Table<Draft> => [
  ...impliedGlobals<Draft>(),
  unsupported("notification_email", "{ … }", "Mail."),
  unsupported(
    "vrrp_no_swap",
    "[BOOLEAN]",
    "The service keeps the daemon out of swap (MemorySwapMax=0); locked memory would make Node's engine abort.",
  ),
  ...unsupportedGroup("Mail.", MAIL),
  ...unsupportedGroup("Files and directories of keepalived.", FILES),
  ...unsupportedGroup("Processes of keepalived.", PROCESSES),
  ...unsupportedGroup("The firewall rules of no_accept.", FIREWALL),
  ...unsupportedGroup("Kernel buffers.", BUFFERS),
  ...unsupportedGroup("SNMP and D-Bus.", MANAGEMENT),
  ...unsupportedGroup("LVS.", LVS),
  ...unsupportedGroup("Announcements on further interfaces.", LINK),
];
