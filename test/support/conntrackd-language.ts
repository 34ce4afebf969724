/**
 * What is part of the language of conntrackd.conf and what is not. Duet's reader and the real conntrackd are asked the
 * same: the unit tests one, the interoperability tests the other.
 */
import { fileText, linksText, UDP_LINK, udpText } from "./conntrackd-files.ts";

/** "yes": both take it. "no": both refuse it. "lenient": conntrackd takes it, Duet calls it an error. "extension": Duet alone takes it. */
type Verdict = "yes" | "no" | "lenient" | "extension";

export interface Sentence {
  readonly what: string;
  readonly text: string;
  readonly verdict: Verdict;
}

const general =
  (verdict: Verdict) =>
  (line: string): Sentence => ({
    what: `General { ${line} }`,
    text: fileText({ general: line }),
    verdict,
  });
const sync =
  (verdict: Verdict) =>
  (line: string): Sentence => ({
    what: `Sync { ${line} }`,
    text: fileText({ sync: line }),
    verdict,
  });
const udp =
  (verdict: Verdict) =>
  (line: string): Sentence => ({ what: `UDP { ${line} }`, text: udpText(line), verdict });
const links =
  (verdict: Verdict) =>
  (line: string): Sentence => ({
    what: line.replaceAll("\n", " "),
    text: linksText(line),
    verdict,
  });
const whole =
  (verdict: Verdict) =>
  (text: string): Sentence => ({ what: JSON.stringify(text), text, verdict });

const MULTICAST = "IPv4_address 225.0.0.50 Group 3780 IPv4_interface 127.0.0.1 Interface lo";
const link = (port: number): string => UDP_LINK.replace("3780", String(port));

export const LANGUAGE: readonly Sentence[] = [
  ...[
    "Nice -20",
    "Nice +20",
    "HashSize 3 # three",
    "HashSize\n3",
    "HashSize 3 HashLimit 4",
    "HashSize 0",
    "HashSize 3 HashSize 4",
    "LogFile off",
    "LogFile ON",
    "LogFile /tmp/x#y.log",
    "Syslog on",
    "Syslog local7",
    "Syslog kern",
    "LockFile /x/y-z.lock",
    "NetlinkBufferSize 5 NetlinkBufferSizeMaxGrowth 6",
    "SocketBufferSize 4 SocketBufferSizeMaxGrown 5 SocketBufferSizeMaxGrowth 6",
    "NetlinkOverrunResync off",
    "NetlinkOverrunResync 5",
    "NetlinkEventsReliable Yes",
    "EventIterationLimit 0",
    "PollSecs 5",
    "Systemd on",
    "UNIX{Backlog 20}",
    "Scheduler { Type FIFO Priority 99 }",
    "Scheduler { Type rr }",
    "Filter { }",
    "Filter From Kernelspace { } Filter { }",
    "Filter { Protocol Accept { TCP UDP ICMP IPv6-ICMP SCTP DCCP GRE } }",
    "Filter { Protocol Accept { tcp Foo } }",
    "Filter { Protocol Accept { } Protocol Ignore { UDP } }",
    "Filter { Address Accept { IPv4_address 192.0.2.0/24 IPv6_address fe80::/10 } }",
    "Filter { State Accept { ESTABLISHED CLOSED CLOSE LISTEN for TCP } }",
    "Filter { State Ignore { SYN_SENT SYN_RECV for TCP LAST_ACK for TCP } }",
    "Filter { State Ignore { } }",
  ].map(general("yes")),
  ...[
    "Nice 20",
    "Nice - 20",
    "Lockfile /x",
    "HashSize3",
    "HashSize 0x10",
    "HashSize 1.5",
    "HashSize -1",
    "HashSize 3;",
    "HashSize three",
    "HashSize",
    "// HashSize 3",
    "Path /x",
    "LogFile foo",
    'LogFile "/x"',
    "Syslog /x",
    "NetlinkEventsReliable maybe",
    "NetlinkEventsReliable true",
    "NetlinkBufferSizeMaxGrown 5",
    "Systemd 1",
    "PollSecs 0",
    "UNIX { Path x }",
    'UNIX { Path "/x" }',
    'UNIX { Path /a"b }',
    "UNIX Path /x",
    "Scheduler { Type OTHER }",
    "Scheduler { Priority 100 }",
    "Filter From kernelspace { }",
    "Filter { Protocol accept { TCP } }",
    "Filter { Protocol { TCP } }",
    "Filter { State Accept { ESTABLISHED } }",
    "Filter { State Accept { ESTABLISHED for UDP } }",
    "Filter { State Accept { NONE for TCP } }",
    "Family IPv4",
    "IgnoreProtocol { UDP }",
    "CommitTimeout 3",
    "Sync { }",
    "{ }",
    "}",
  ].map(general("no")),
  ...[
    "HashSize 99999999999",
    "Filter { Address Ignore { IPv4_address 300.2.3.4 } }",
    "Filter { Address Ignore { IPv6_address ::1/129 } }",
    "Filter { Address Ignore { IPv4_address fe80::1 } }",
    "UNIX { Path /a{b} }",
  ].map(general("lenient")),
  ...["Filter { Protocol Accept { 6 17 } }"].map(general("extension")),
  ...[
    "RefreshTime 15 CacheTimeout 5 CommitTimeout 4 PurgeTimeout 3",
    "Mode NACK { }",
    "Mode ftfw { ACKWindowSize 0 ResendQueueSize 0 StartupResync on }",
    "Mode PERSISTENT { RefreshTime 5 CacheTimeout 6 CommitTimeout 7 PurgeTimeout 8 }",
    "Mode NOTRACK { DisableInternalCache on DisableExternalCache on StartupResync on }",
    "Mode FTFW { DisableExternalCache YES CommitTimeout 5 }",
    "Options { TCPWindowTracking on ExpectationSync { ftp sip } }",
    "Options { ExpectationSync off ExpectationSync { } }",
  ].map(sync("yes")),
  ...[
    "mode FTFW { }",
    "Mode FOO { }",
    "Mode FTFW",
    "Mode FTFW { DisableInternalCache on }",
    "Mode FTFW { RefreshTime 3 }",
    "Mode FTFW { DisableExternalCache true }",
    "Mode ALARM { DisableExternalCache on }",
    "Mode ALARM { StartupResync on }",
    "ResendQueueSize 5",
    "ACKWindowSize 5",
    "Checksum on",
    'Options { ExpectationSync { "ftp" } }',
    "Options { Foo on }",
    "CacheWriteThrough on",
    "TCP { Interface lo }",
  ].map(sync("no")),
  ...["Checksum off", "Checksum No", "SndSocketBuffer 3 RcvSocketBuffer 4", "Interface lo"].map(
    udp("yes"),
  ),
  ...[
    'Interface "lo"',
    "Interface eth*",
    "Interface eth0:1",
    "Interface eth0@if3",
    "Interface 6in4",
    "Interface on",
    "Interface nack",
    'IPv4_address "<internal IP>"',
    "IPv4_address <internal>",
    "IPv4_address example.org",
    "ErrorQueueLength 4",
    "Group 3780",
    "IPv4_interface 127.0.0.1",
  ].map(udp("no")),
  ...["IPv4_address 127.0.0.1/8", "IPv4_address 300.0.0.1", "Port 99999", "Port 0"].map(
    udp("lenient"),
  ),
  ...[
    "UDP Default {\nIPv6_address ::1 IPv6_Destination_Address ::2 Port 1 Interface lo }",
    `Multicast { ${MULTICAST} }`,
    `Multicast { ${MULTICAST} IPv6_interface ::1 }`,
    "TCP { IPv4_address 127.0.0.1 IPv4_Destination_Address 127.0.0.2 Port 1 Interface lo ErrorQueueLength 4 }",
    [1, 2, 3, 4].map((port) => link(port)).join(""),
  ].map(links("yes")),
  ...[
    `${UDP_LINK} Multicast { ${MULTICAST} }`,
    [1, 2, 3, 4, 5].map((port) => link(port)).join(""),
    "Multicast { Port 3780 }",
    "SCTP { }",
  ].map(links("no")),
  ...[
    "UDP { }",
    UDP_LINK.replace(/Port .*/, ""),
    UDP_LINK.replace(/Interface .*/, ""),
    UDP_LINK.replace(/IPv4_D.*/, ""),
    `${UDP_LINK}${UDP_LINK}`,
  ].map(links("lenient")),
  ...[
    "Foo { }",
    "sync { }",
    "Interface lo",
    "General { HashSize 3",
    "General { } }",
    "General { // x\n }",
    `${fileText({})}Stats { }`,
  ].map(whole("no")),
  ...["", "General { HashSize 3 }", "Stats { LogFile on }", "Sync { }"].map(whole("lenient")),
  ...[
    fileText({}).replaceAll("\n", "\r\n"),
    fileText({ general: "HashSize 3 # é" }),
    fileText({}).replace(/General[^]*/, ""),
    `General { }\n${fileText({})}# the end\n`,
  ].map(whole("yes")),
  ...[`${fileText({})}# the end`].map(whole("extension")),
];
