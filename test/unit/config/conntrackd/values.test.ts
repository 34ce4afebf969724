/** What every option becomes. */
import { describe, expect, test } from "vitest";
import {
  fileText,
  linksText,
  loadReplication,
  replicationOf,
  UDP_LINK,
  udpText,
} from "../../../support/conntrackd-files.ts";

const SECOND = 1_000_000;

describe("modes", () => {
  test.each([
    [
      "FTFW",
      "ResendQueueSize 5\nACKWindowSize 6\nDisableExternalCache on\nStartupResync yes",
      {
        type: "ftfw",
        resendQueueSize: 5,
        ackWindowSize: 6,
        externalCache: false,
        startupResync: true,
      },
    ],
    [
      "NOTRACK",
      "DisableInternalCache ON\nDisableExternalCache off\nStartupResync on",
      { type: "notrack", internalCache: false, externalCache: true, startupResync: true },
    ],
    [
      "ALARM",
      "RefreshTime 5\nCacheTimeout 6",
      { type: "alarm", refreshTime: 5 * SECOND, cacheTimeout: 6 * SECOND },
    ],
    ["ALARM", "", { type: "alarm", refreshTime: 60 * SECOND, cacheTimeout: 180 * SECOND }],
  ])("%s with %j", (mode, lines, expected) => {
    const text = `Sync {\nMode ${mode} {\n${lines}\n}\n${UDP_LINK}}\n`;
    expect(replicationOf(text).mode).toEqual(expected);
  });

  test("FTFW goes before ALARM and ALARM before NOTRACK, in whatever order they stand", () => {
    const modes = (names: readonly string[]): string =>
      `Sync {\n${names.map((name) => `Mode ${name} { }\n`).join("")}${UDP_LINK}}\n`;
    expect(replicationOf(modes(["NOTRACK", "ALARM", "FTFW"])).mode.type).toBe("ftfw");
    expect(replicationOf(modes(["ALARM", "NOTRACK"])).mode.type).toBe("alarm");
  });

  test("timeouts count wherever they stand", () => {
    const inSync = replicationOf(fileText({ sync: "CommitTimeout 7\nPurgeTimeout 8" }));
    const inMode = replicationOf(
      fileText({}).replace("Mode FTFW { }", "Mode FTFW { CommitTimeout 7 PurgeTimeout 8 }"),
    );
    for (const { commitTimeout, purgeTimeout } of [inSync, inMode])
      expect({ commitTimeout, purgeTimeout }).toEqual({
        commitTimeout: 7 * SECOND,
        purgeTimeout: 8 * SECOND,
      });
  });

  test("a CommitTimeout of 0, or without an external cache, estimates it", () => {
    expect(replicationOf(fileText({ sync: "CommitTimeout 0" })).commitTimeout).toBeUndefined();
    const sync = "CommitTimeout 9\nMode FTFW { DisableExternalCache on }";
    expect(replicationOf(fileText({ sync })).commitTimeout).toBeUndefined();
  });
});

describe("links", () => {
  test("one with UDP over IPv6", () => {
    const text = linksText(
      "UDP Default {\nIPv6_address FD00::1\nIPv6_Destination_Address fd00::0002\nPort 1\nInterface br-lan.7\nChecksum off\n}",
    );
    expect(replicationOf(text).channels).toEqual([
      {
        transport: "udp",
        isDefault: true,
        interface: "br-lan.7",
        address: "fd00::1",
        peer: "fd00::2",
        port: 1,
        sendBuffer: undefined,
        receiveBuffer: undefined,
        checksum: false,
        errorQueueLength: 128,
      },
    ]);
  });

  test("one with TCP has a queue for what could not be sent", () => {
    const text = linksText(UDP_LINK.replace("UDP", "TCP").replace("}", "ErrorQueueLength 9\n}"));
    expect(replicationOf(text).channels).toMatchObject([{ transport: "tcp", errorQueueLength: 9 }]);
  });

  test("one with multicast over IPv6 needs no local address", () => {
    const text = linksText("Multicast { IPv6_address ff02::5 Group 1 Interface lo }");
    expect(replicationOf(text).channels).toMatchObject([{ address: "ff02::5", peer: undefined }]);
  });

  test("one without a local address listens on all of its family", () => {
    const text = linksText(UDP_LINK.replace(/IPv4_a.*/, ""));
    expect(replicationOf(text).channels).toMatchObject([{ address: "0.0.0.0", peer: "127.0.0.2" }]);
  });

  test("of several Default the last one counts", () => {
    const links = [1, 2, 3].map((port) => UDP_LINK.replace("3780", String(port))).join("");
    const { channels } = replicationOf(linksText(links.replaceAll("UDP", "UDP Default")));
    expect(channels.map(({ isDefault }) => isDefault)).toEqual([false, false, true]);
  });

  test("the last of repeated values counts", () => {
    expect(replicationOf(udpText("Port 9")).channels).toMatchObject([{ port: 9 }]);
  });

  test("several blocks of one section add up", () => {
    const text = `${fileText({})}General { HashSize 9 }\nSync { CommitTimeout 3 }\n`;
    const { hashSize, commitTimeout, channels } = replicationOf(text);
    expect([hashSize, commitTimeout, channels.length]).toEqual([9, 3 * SECOND, 1]);
  });
});

describe("general options", () => {
  test.each([
    ["LogFile on", { logFile: "/var/log/conntrackd.log" }],
    ["LogFile /tmp/x.log", { logFile: "/tmp/x.log" }],
    ["LogFile off", { logFile: undefined }],
    ["Syslog on", { syslog: "daemon" }],
    ["Syslog local3", { syslog: "local3" }],
    ["Syslog kern", { syslog: undefined }],
    ["", { lockFile: "/var/lock/conntrackd.lock", hashSize: 65_536, hashLimit: 262_144 }],
    ["LockFile /run/x.lock", { lockFile: "/run/x.lock" }],
    ["UNIX { Path /run/x.ctl }", { controlSocket: "/run/x.ctl" }],
    ["", { netlinkBuffer: undefined, netlinkBufferMax: 0 }],
    ["NetlinkBufferSize 5", { netlinkBuffer: 5, netlinkBufferMax: 5 }],
    ["NetlinkBufferSize 5 NetlinkBufferSizeMaxGrowth 9", { netlinkBuffer: 5, netlinkBufferMax: 9 }],
    ["NetlinkBufferSize 5 NetlinkBufferSizeMaxGrowth 4", { netlinkBuffer: 5, netlinkBufferMax: 5 }],
    ["SocketBufferSize 5 SocketBufferSizeMaxGrown 6", { netlinkBuffer: 5, netlinkBufferMax: 6 }],
    ["NetlinkOverrunResync off", { overrunResync: undefined }],
    ["NetlinkOverrunResync on", { overrunResync: 30 * SECOND }],
    ["NetlinkOverrunResync 5", { overrunResync: 5 * SECOND }],
    ["NetlinkEventsReliable on", { reliableEvents: true }],
    ["EventIterationLimit 7", { eventIterationLimit: 7 }],
    ["EventIterationLimit 0", { eventIterationLimit: 100 }],
    ["PollSecs 15", { poll: 15 * SECOND }],
    ["HashSize 3 HashLimit 4", { hashSize: 3, hashLimit: 4 }],
  ])("%s", (general, expected) => {
    expect(replicationOf(fileText({ general }))).toMatchObject(expected);
  });
});

describe("replicated state", () => {
  test.each([
    ["TCPWindowTracking on", { windowTracking: true, expectations: false }],
    ["ExpectationSync on", { expectations: true }],
    ["ExpectationSync { ftp sip-1.2 }", { expectations: ["ftp", "sip-1.2"] }],
    ["ExpectationSync { ftp }\nExpectationSync off", { expectations: false }],
  ])("%s", (options, expected) => {
    expect(replicationOf(fileText({ sync: `Options { ${options} }` }))).toMatchObject(expected);
  });
});

describe("filters", () => {
  const filterOf = (general: string, protocols?: string) => {
    const others = protocols === undefined ? {} : { "/etc/protocols": protocols };
    const { config } = loadReplication(fileText({ general }), {}, others);
    return config?.filter;
  };

  test("without one everything is replicated", () => {
    expect(filterOf("")).toEqual({
      place: "userspace",
      protocols: undefined,
      addresses: undefined,
      tcpStates: undefined,
    });
  });

  test("the kernel may leave events out", () => {
    expect(filterOf("Filter From Kernelspace { }")?.place).toBe("kernelspace");
  });

  test("protocols have names in any case of letters, and numbers", () => {
    const names = "TCP udp 6 Icmp IPv6-ICMP icmpv6 GRE esp SCTP DCCP UDPLite 99";
    expect(filterOf(`Filter { Protocol Ignore { ${names} } }`)?.protocols).toEqual({
      policy: "ignore",
      entries: [6, 17, 1, 58, 47, 50, 132, 33, 136, 99],
    });
  });

  test("protocols have the names that /etc/protocols gives them", () => {
    const file = "# comment\nfoo 200 FOO Bar # baz\nmptcp 262 MPTCP\nbad\ntcp\t6\tTCP\n";
    const { entries } = filterOf("Filter { Protocol Accept { bar TCP baz } }", file)!.protocols!;
    expect(entries).toEqual([200, 6]);
  });

  test("networks keep their length and addresses have all of it", () => {
    const entries = "IPv4_address 192.0.2.0/24 IPv6_address FE80::/10 IPv6_address ::1";
    expect(filterOf(`Filter { Address Accept { ${entries} } }`)?.addresses).toEqual({
      policy: "accept",
      entries: [
        { address: "192.0.2.0", length: 24 },
        { address: "fe80::", length: 10 },
        { address: "::1", length: 128 },
      ],
    });
  });

  test("states have the kernel's numbers, CLOSE two names", () => {
    const states =
      "SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT for TCP CLOSE_WAIT LAST_ACK TIME_WAIT CLOSED CLOSE LISTEN for TCP";
    expect(filterOf(`Filter { State Accept { ${states} } }`)?.tcpStates).toEqual({
      policy: "accept",
      entries: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    });
  });

  test("blocks of one kind add up, and the last policy counts for all", () => {
    const text = "Filter { Protocol Accept { TCP } }\nFilter { Protocol Ignore { UDP } }";
    expect(filterOf(text)?.protocols).toEqual({ policy: "ignore", entries: [6, 17] });
  });
});
