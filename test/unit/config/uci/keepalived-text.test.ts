/** What OpenWrt's package makes of /etc/config/keepalived, as releases from 21.02 on do it. */
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../../../src/config/diagnostics.ts";
import { keepalivedText } from "../../../../src/config/uci/keepalived-text.ts";
import { parseUci } from "../../../../src/config/uci/parse.ts";

const FILE = "/etc/config/keepalived";

const read = (text: string): ReturnType<typeof keepalivedText> =>
  keepalivedText(parseUci(FILE, text));

const linesOf = (text: string): readonly string[] =>
  read(text)
    .text.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const told = (text: string): readonly string[] =>
  read(text)
    .diagnostics.map(formatDiagnostic)
    .map((line) => line.slice(FILE.length + 1));

test("sections that refer to each other become blocks in each other", () => {
  const text = `config globals 'globals'
  option router_id 'alpha'
  option linkbeat_use_polling '1'
  list notification_email 'a@example.org'
config ipaddress
  option name 'vip'
  option address '192.168.1.4/24'
config ipaddress
  option name 'side'
  option address '192.168.1.5/24'
  option device 'br-lan'
  option scope 'link'
config route
  option name 'out'
  option address '0.0.0.0/0'
  option src_addr '192.168.0.4'
  option gateway '192.168.0.1'
  option device 'eth1'
  option table '5'
config route
  option name 'hole'
  option address '10.0.0.0/8'
  option blackhole 'yes'
config vrrp_script
  option name 'net'
  option script '/bin/ping -c 1 9.9.9.9'
config track_script
  option name 'watch'
  option value 'net'
  option weight '-5'
  option direction 'reverse'
config vrrp_instance
  option name 'I1'
  option interface 'br-lan'
  option nopreempt '0'
  option auth_type 'PASS'
  option auth_pass 's3cret'
  list virtual_ipaddress 'vip'
  option virtual_ipaddress_excluded 'side'
  list virtual_routes 'out'
  list virtual_routes 'hole'
  list track_script 'watch'
config vrrp_sync_group
  option name 'G1'
  option global_tracking '1'
  list group 'I1'
`;
  expect(told(text)).toEqual([]);
  expect(linesOf(text)).toEqual([
    "global_defs {",
    "script_user root",
    "enable_script_security",
    "notification_email {",
    "a@example.org",
    "}",
    "router_id alpha",
    "}",
    "linkbeat_use_polling",
    "vrrp_script net {",
    'script "/bin/ping -c 1 9.9.9.9"',
    "}",
    "vrrp_sync_group G1 {",
    "group {",
    "I1",
    "}",
    "sync_group_tracking_weight",
    "}",
    "vrrp_instance I1 {",
    "authentication {",
    "auth_type PASS",
    "auth_pass s3cret",
    "}",
    "interface br-lan",
    "nopreempt",
    "virtual_ipaddress {",
    "192.168.1.4/24",
    "}",
    "virtual_ipaddress_excluded {",
    "192.168.1.5/24 dev br-lan label br-lan:vip scope link",
    "}",
    "virtual_routes {",
    "src 192.168.0.4 0.0.0.0/0 via 192.168.0.1 dev eth1 table 5",
    "blackhole 10.0.0.0/8",
    "}",
    "track_script {",
    "net weight -5 reverse",
    "}",
    "}",
  ]);
});

test("every line says where it comes from", () => {
  const text =
    "config ipaddress\n option name a\n option address 10.0.0.1/24\nconfig vrrp_instance\n option name I\n option interface e\n list virtual_ipaddress a\n";
  const { text: written, places } = read(text);
  const origins = written
    .trimEnd()
    .split("\n")
    .map((line, index) => [line.trim(), places[index]?.line]);
  expect(origins).toEqual([
    ["vrrp_instance I {", 4],
    ["interface e", 6],
    ["virtual_ipaddress {", 7],
    ["10.0.0.1/24", 3],
    ["}", 7],
    ["}", 4],
  ]);
});

test("statics, delays and virtual servers", () => {
  const text = `config ipaddress
  option name 'own'
  option address '10.0.0.1/24'
config route
  option name 'r'
  option address '10.1.0.0/24'
  option device 'eth1'
config static_ipaddress
  list address 'own'
config static_routes
  list route 'r'
config interface_up_down_delays
  option device 'eth1'
  option down_delay '1'
  option up_delay '2'
config virtual_server
  option ipaddr '10.0.0.9'
  option port '80'
config virtual_server
  option enabled '0'
  option ipaddr '10.0.0.9'
  option port '81'
`;
  expect(told(text)).toEqual([]);
  expect(linesOf(text)).toEqual(
    [
      ["static_ipaddress {", "10.0.0.1/24", "}"],
      ["static_routes {", "10.1.0.0/24 dev eth1", "}"],
      ["interface_up_down_delays {", "eth1 1 2", "}"],
      ["virtual_server 10.0.0.9 80 {", "}"],
    ].flat(),
  );
});

describe("peers", () => {
  const instance = "config vrrp_instance\n option name I\n list unicast_peer";

  test("by the name of their section, since OpenWrt 23.05", () => {
    const text = `config peer\n option name other\n option address 10.0.0.2\n option ssh_port 22\n${instance} other\n`;
    expect(told(text)).toEqual([]);
    expect(linesOf(text)).toContain("10.0.0.2");
  });

  test("by their address, before", () => {
    const text = `${instance} 10.0.0.2\n`;
    expect(told(text)).toEqual([]);
    expect(linesOf(text)).toContain("10.0.0.2");
  });

  test("by a name that is an address, for all releases", () => {
    const text = `config peer\n option name 10.0.0.2\n option address 10.0.0.2\n${instance} 10.0.0.2\n`;
    expect(told(text)).toEqual([]);
    expect(linesOf(text).filter((line) => line === "10.0.0.2")).toHaveLength(1);
  });
});

const NAMED = "option name x\n option address 10.0.0.1/24";

test.each([
  [
    "an instance without the option name",
    "config vrrp_instance 'lan'\n",
    [
      "1:1: error: this vrrp_instance has no option name, so OpenWrt leaves it out: write option name 'lan' [uci-section-unread]",
    ],
  ],
  [
    "a reference to a section that is only called so",
    `config ipaddress 'vip'\n ${NAMED}\nconfig vrrp_instance\n option name I\n list virtual_ipaddress 'vip'\n`,
    [
      "6:2: error: no section ipaddress has the option name 'vip', so OpenWrt leaves it out [uci-reference-missing]",
      "1:1: warning: nobody refers to ipaddress x, so it does nothing [uci-section-unread]",
    ],
  ],
  [
    "a misspelt reference",
    `config ipaddress\n option name lan_vip\n option address 10.0.0.1/24\nconfig vrrp_instance\n option name I\n option virtual_ipaddress 'lan_vpi lan_vip'\n`,
    [
      "6:2: error: no section ipaddress has the option name 'lan_vpi', so OpenWrt leaves it out; did you mean lan_vip? [uci-reference-missing]",
    ],
  ],
  [
    "a misspelt option",
    "config vrrp_instance\n option name I\n option virtual_routerid 5\n",
    [
      "3:2: warning: OpenWrt's keepalived knows no option virtual_routerid in a section vrrp_instance, and leaves it out; did you mean virtual_router_id? [uci-option-unread]",
    ],
  ],
  [
    "a misspelt type",
    "config vrrp_instnce\n option name I\n",
    [
      "1:1: warning: OpenWrt's keepalived knows no sections of the type vrrp_instnce, and leaves this one out; did you mean vrrp_instance? [uci-section-unread]",
    ],
  ],
  [
    "a group whose members do not exist",
    "config vrrp_sync_group\n option name G\n list group I\n",
    [
      "3:2: error: no section vrrp_instance has the option name 'I', so OpenWrt leaves it out [uci-reference-missing]",
      "1:1: warning: vrrp_sync_group G has no members; OpenWrt leaves it out [uci-section-unread]",
    ],
  ],
  [
    "an address without an address",
    "config ipaddress\n option name x\nconfig vrrp_instance\n option name I\n list virtual_ipaddress x\n",
    ["1:1: error: ipaddress x has no option address; OpenWrt leaves it out [uci-section-unread]"],
  ],
  [
    "a delay without its delay",
    "config interface_up_down_delays\n option device eth1\n",
    [
      "1:1: warning: it needs a device and a down_delay; OpenWrt leaves it out [uci-section-unread]",
    ],
  ],
  [
    "a check that is named directly",
    "config vrrp_script\n option name c\n option script /bin/true\nconfig vrrp_instance\n option name I\n list track_script c\n",
    [
      "6:2: warning: only packages since April 2026 take the vrrp_script c here; earlier ones, up to OpenWrt 25.12, need a track_script section of that name [uci-reference-newer]",
    ],
  ],
])("tells of %s", (_, text, expected) => {
  expect(told(text)).toEqual(expected);
});
