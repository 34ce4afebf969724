import type { PairFindingCode } from "./pair/codes.ts";

/** Every finding about keepalived.conf: a stable code, and one sentence that explains it. */
export const FINDINGS = {
  "address-capacity":
    "More virtual addresses than one advertisement can carry; the rest is kept, but not advertised.",
  "address-count":
    "A VRRPv2 advertisement with more than 20 addresses, which some implementations refuse.",
  "address-duplicate": "The same virtual address is listed twice in one instance.",
  "address-family": "A virtual address is not of the instance's family, IPv4 or IPv6.",
  "address-invalid": "Something that must be an IP address or a prefix is not one.",
  "address-missing": "An instance has no virtual address.",
  "address-option": "An option of an address is not known or does not fit the address.",
  "address-shared": "Two instances hold the same virtual address, so both routers may hold it.",
  "authentication-incomplete":
    "Authentication has a type without a password or a password without a type.",
  "authentication-password-cut": "VRRPv2 carries eight bytes of a password; the rest is cut off.",
  "authentication-type": "The type of authentication is not known.",
  "authentication-version": "VRRPv3 and strict mode have no authentication; it is left out.",
  "boolean-invalid": "A yes-or-no value is none of on, true, yes, off, false and no.",
  "brace-missing": "A block is not opened or not closed.",
  "brace-unexpected": "A brace stands where no block begins or ends.",
  "clear-text-password":
    "The PASS password travels in clear text and protects against mistakes only, not against attackers.",
  "command-insecure": "Someone other than root may change or replace a program that runs as root.",
  "command-invalid": "A command line cannot be split into words.",
  "command-missing": "A program does not exist.",
  "command-not-executable": "A program exists but is not executable.",
  "definition-invalid": "A $ definition or a ~SEQ or ~LST repetition cannot be read.",
  "definition-unknown": "A $NAME is used that is not defined, or in a form that is not expanded.",
  "delay-cut":
    "The down delay of an interface is longer than the backup waits, so it is shortened.",
  deprecated: "A keyword still works but has a better successor.",
  "expansion-limit":
    "Definitions or repetitions expand to more text than is sensible, or refer to themselves.",
  "family-mixed": "Addresses of both families are used where one instance can have only one.",
  "file-unreadable": "A file cannot be read.",
  "group-empty": "A synchronisation group has no member and is left out.",
  "group-interval":
    "Members of a synchronisation group advertise at different intervals, so the slowest decides.",
  "group-member-twice": "An instance is a member of two synchronisation groups, or twice of one.",
  "group-member-unknown": "A synchronisation group names an instance that does not exist.",
  "group-preempt":
    "Some members of a synchronisation group preempt and others do not, so the group may never settle.",
  "group-priority":
    "Members of a synchronisation group have different priorities, so the group may wait for ever.",
  "group-single": "A synchronisation group has one member and synchronises nothing.",
  "group-weight": "Weights of member trackers do not count in a synchronisation group.",
  "include-empty": "An include matches no file.",
  "include-limit": "Files include each other, or too many files are included.",
  "instance-none": "The file has no instance, so there is no election.",
  "interface-missing": "An instance does not say which interface it uses.",
  "interface-name": "An interface name is not possible on Linux.",
  "interface-unknown": "There is no such interface on this router.",
  "keyword-misplaced": "A keyword stands where it has no meaning.",
  "keyword-repeated": "A keyword is repeated although only one of them counts.",
  "keyword-unknown":
    "A keyword is not known here; it is ignored, unless it opens a misspelt block.",
  "label-invalid":
    "An address label is longer than 15 characters or does not begin with the interface name.",
  "name-duplicate": "Two blocks of one kind have the same name.",
  "name-unknown": "A routing table, protocol, scope or user is not known by that name.",
  "not-supported": "A keyword of keepalived that Duet does not act on.",
  "null-byte": "A line contains a byte that is no text; it is ignored.",
  "number-invalid": "Something that must be a number is not one.",
  "number-range": "A number is out of its range.",
  "number-rounded": "A number is rounded or limited to what the protocol can carry.",
  "preempt-conflict":
    "Options about preemption contradict each other or the state; the stronger one counts.",
  "priority-owner": "Trackers cannot change the priority of an address owner (255).",
  "quote-missing": "A quotation is not closed on its line.",
  "route-invalid": "A route cannot be read.",
  "route-untracked": "A route without an interface cannot be looked after.",
  "rule-invalid": "A rule cannot be read.",
  "rule-preference": "A rule without a preference gets one by itself.",
  "state-case": "MASTER and BACKUP are written in capitals.",
  "state-unknown": "The state is neither MASTER nor BACKUP; BACKUP is used.",
  "strict-violation": "Strict mode does not allow something; it is changed to what the RFC says.",
  "tracker-incomplete": "A tracker lacks what it should track.",
  "tracker-unknown": "An instance or group tracks something that is not defined.",
  "tracker-unused": "A tracker is defined but nobody tracks it, so it does not run.",
  "unicast-without-peers":
    "A unicast option is used without peers; advertisements go out by multicast.",
  "value-invalid": "A word is none of those allowed.",
  "value-missing": "A keyword lacks its value.",
  "version-family": "The version of VRRP does not fit the address family.",
  "vrid-duplicate": "Two instances on one interface have the same virtual router identifier.",
  "vrid-missing": "An instance has no virtual router identifier.",
  "words-ignored": "Words after the ones that a keyword uses are ignored.",
} as const;

/** The same of conntrackd.conf. */
export const CONNTRACKD_FINDINGS = {
  "address-duplicate": "An address is listed twice in a filter.",
  "address-family": "Addresses of both families stand in one dedicated link.",
  "address-foreign": "No interface of this router has the local address of a dedicated link.",
  "address-invalid":
    "Something that must be an address or a network of one family is not one, or a group is no multicast address.",
  "address-missing": "A dedicated link lacks an address.",
  "address-peer": "The peer's address of a dedicated link is this router's own.",
  "boolean-invalid": "A switch is none of on, yes, off and no.",
  "brace-missing": "A block is not opened or not closed.",
  "brace-unexpected": "A brace stands where no block begins or ends.",
  "buffer-limit": "The limit of the event buffer is below its size.",
  "channel-default": "Several dedicated links are marked Default; the last one counts.",
  "channel-duplicate": "Two dedicated links have the same local address and port.",
  "channel-limit": "There are more than four dedicated links.",
  "channel-missing": "There is no dedicated link.",
  deprecated: "A keyword has no effect any more, or another name.",
  "file-unreadable": "The file cannot be read.",
  "filter-empty": "A filter accepts nothing, so no flow is replicated.",
  "filter-policy": "A filter accepts and ignores by one criterion; the last policy counts for all.",
  "interface-missing": "A dedicated link does not say which interface it uses.",
  "interface-name": "An interface name is a pattern, a label, or not possible.",
  "interface-unknown": "There is no such interface on this router.",
  "keyword-misplaced": "A keyword stands in a block where it has no meaning.",
  "keyword-repeated": "A keyword is repeated although only the last one counts.",
  "keyword-unknown": "A keyword is not known here.",
  "mode-missing": "There is no mode; FTFW is used.",
  "mode-repeated": "There are several modes; FTFW goes before ALARM, and ALARM before NOTRACK.",
  "not-supported": "A keyword of conntrackd that Duet does not act on.",
  "number-invalid": "Something that must be a number is not one.",
  "number-range": "A number is out of its range, or 0 where that means the default.",
  "option-conflict": "Two options exclude each other; one of them is left out.",
  placeholder: "A placeholder of a how-to was not replaced.",
  "port-missing": "A dedicated link has no port.",
  "protocol-unknown": "A filter names a protocol that is not known; it is left out.",
  "quote-unexpected": "A value stands in quotation marks, which the language does not have.",
  "section-conflict": "Sync and Stats exclude each other.",
  "section-missing": "There is no Sync section, so there is nothing to replicate.",
  "state-unknown": "A filter names a state that TCP does not have.",
  "syslog-facility": "A facility of syslog is not known; it is left out.",
  "transport-mixed": "Dedicated links have different transports.",
  "value-invalid": "A value is none of those allowed.",
  "value-missing": "A keyword lacks its value.",
  "word-unexpected": "Something stands where a keyword is expected.",
} as const;

export type FindingCode =
  | keyof typeof FINDINGS
  | keyof typeof CONNTRACKD_FINDINGS
  | PairFindingCode;
