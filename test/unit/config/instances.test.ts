/** What instances, groups and trackers become: defaults, and keepalived's own corrections. */
import { describe, expect, test } from "vitest";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import {
  codesOf,
  findingsOf,
  instanceText,
  loadText,
  modelOf,
  onlyInstance,
} from "../../support/keepalived-files.ts";

const V = (lines: string): InstanceConfig => onlyInstance(instanceText(lines));
const withGlobals = (globals: string, lines = ""): InstanceConfig =>
  onlyInstance(`global_defs {\n${globals}\n}\n${instanceText(lines)}`);

describe("priority and state", () => {
  test.each([
    ["", 100, false],
    ["state BACKUP", 100, false],
    ["state MASTER", 255, true],
    ["state MASTER\npriority 150", 150, false],
    ["priority 255", 255, true],
    ["priority 255\nstate BACKUP", 255, false],
  ])("%j means priority %i", (lines, priority, startsActive) => {
    expect(V(lines)).toMatchObject({ priority, startsActive });
  });

  test.each([
    ["", true, 0],
    ["nopreempt", false, 0],
    ["nopreempt\npriority 255", true, 0],
    ["preempt_delay 2.5", true, 2_500_000],
    ["preempt_delay 2.5\nstate MASTER\npriority 9", true, 0],
  ])("%j decides preemption", (lines, preempt, preemptDelay) => {
    expect(V(lines)).toMatchObject({ preempt, preemptDelay });
  });
});

describe("version and interval", () => {
  test.each([
    ["", 4, 2, 1_000_000],
    ["version 3\nadvert_int 0.1", 4, 3, 100_000],
    ["virtual_ipaddress { fe80::1 }", 6, 3, 1_000_000],
    ["native_ipv6\nvirtual_ipaddress { }\nno_virtual_ipaddress", 6, 3, 1_000_000],
    ["advert_int 1.6", 4, 2, 2_000_000],
    ["version 3\nadvert_int 100", 4, 3, 40_950_000],
  ])("%j", (lines, family, version, interval) => {
    expect(V(lines)).toMatchObject({ family, version, interval });
  });

  test("version 2 after an IPv6 address is ignored with a warning, as in keepalived", () => {
    const lines = "virtual_ipaddress { fe80::1 }\nversion 2";
    expect(V(lines).version).toBe(3);
    expect(findingsOf(lines)).toEqual(["warning version-family"]);
  });

  test("version 2 before an IPv6 address is an error, since keepalived would speak it", () => {
    expect(findingsOf("version 2\nvirtual_ipaddress { fe80::1 }")).toEqual([
      "error version-family",
    ]);
  });

  test("the global version holds for IPv4 instances that have none", () => {
    expect(withGlobals("vrrp_version 3").version).toBe(3);
    expect(withGlobals("vrrp_version 3", "version 2").version).toBe(2);
  });
});

describe("transport and authentication", () => {
  test("peers make it unicast", () => {
    const lines =
      "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.3\n192.0.2.4 min_ttl 250 max_ttl 254\n}\nunicast_ttl 9\ncheck_unicast_src";
    expect(V(lines)).toMatchObject({
      source: "192.0.2.2",
      transport: {
        type: "unicast",
        peers: [
          { address: "192.0.2.3", ttlMin: 0, ttlMax: 255 },
          { address: "192.0.2.4", ttlMin: 250, ttlMax: 254 },
        ],
        ttl: 9,
        checkSource: true,
        faultWithoutPeer: false,
      },
    });
  });

  test("the multicast group is that of the family unless the instance has its own", () => {
    expect(V("virtual_ipaddress { fe80::1 }").transport).toEqual({
      type: "multicast",
      group: "ff02::12",
    });
    expect(withGlobals("vrrp_mcast_group4 224.0.0.99").transport).toEqual({
      type: "multicast",
      group: "224.0.0.99",
    });
    expect(V("mcast_dst_ip 224.1.1.1").transport).toEqual({
      type: "multicast",
      group: "224.1.1.1",
    });
  });

  test("AH takes its key from the password", () => {
    expect(V("authentication {\nauth_type AH\nauth_pass 123456789\n}").authentication).toEqual({
      type: "header",
      key: "3132333435363738",
    });
  });

  test("keys of auth_hmac may be text, digits or a file", () => {
    const text = instanceText(
      `auth_hmac {\nkey 1 ${"a".repeat(32)}\nkey 2 hex:${"0F".repeat(32)}\nkey 3 file:/key\nactive_key 2\nmode permissive\n}`,
    );
    const { model } = loadText(text, {}, { "/key": `${"b".repeat(40)}\n` });
    expect(model?.vrrp.instances[0]?.authentication).toEqual({
      type: "hmac",
      keys: [
        { id: 1, secret: "61".repeat(32) },
        { id: 2, secret: "0f".repeat(32) },
        { id: 3, secret: "62".repeat(40) },
      ],
      activeKey: 2,
      replay: "time",
      window: 5_000_000,
      mode: "permissive",
    });
  });

  test("a short key of auth_hmac is an error", () => {
    expect(findingsOf("auth_hmac {\nkey 1 short\n}")).toContain("error authentication-incomplete");
  });
});

describe("strict mode", () => {
  test("takes what the RFC does not have", () => {
    expect(
      withGlobals("vrrp_strict", "higher_prio_send_advert\ndown_timer_adverts 9"),
    ).toMatchObject({
      strict: true,
      accept: false,
      downAdverts: 3,
      advertiseToLower: false,
      advertiseToHigher: false,
      ownerIgnoresAdverts: true,
      announcements: { lowerPriorityRepeat: 0, lowerPriorityDelay: 0 },
    });
  });

  test("lets the owner of the addresses accept packets to them", () => {
    expect(withGlobals("vrrp_strict", "priority 255").accept).toBe(true);
  });

  test("forces the state that goes with the priority", () => {
    const text = `global_defs {\nvrrp_strict\n}\n${instanceText("state MASTER\npriority 100")}`;
    expect(codesOf(loadText(text).diagnostics)).toEqual(["warning strict-violation"]);
  });
});

describe("announcements", () => {
  test("an instance overrides the globals, and those the defaults", () => {
    const globals = "vrrp_garp_master_repeat 2\nvrrp_garp_master_delay 3\nvrrp_garp_interval 0.001";
    expect(withGlobals(globals, "garp_master_delay 9").announcements).toMatchObject({
      repeat: 2,
      delay: 9_000_000,
      lowerPriorityRepeat: 2,
      lowerPriorityDelay: 9_000_000,
      arpInterval: 1_000,
    });
  });

  test("vrrp_min_garp is one frame and no second burst", () => {
    expect(withGlobals("vrrp_min_garp").announcements).toMatchObject({ repeat: 1, delay: 0 });
  });

  test("a garp_group spaces the announcements of its interfaces", () => {
    const text = `${instanceText()}garp_group {\ngarp_interval 0.5\ninterfaces {\neth0 eth1\n}\n}`;
    expect(onlyInstance(text).announcements.arpInterval).toBe(500_000);
  });
});

describe("virtual MAC", () => {
  test("has the name and the MAC of the VRID, and carries the addresses", () => {
    const instance = V("use_vmac");
    expect(instance.virtualMac).toEqual({
      interface: "vrrp.5",
      mac: "00:00:5e:00:01:05",
      transmitFromBase: false,
    });
    expect(instance.addresses[0]?.spec.interface).toBe("vrrp.5");
    expect(instance.interface).toBe("eth0");
    expect(instance.tracking).toEqual([]);
  });

  test("may be named and have another MAC", () => {
    expect(V("use_vmac vr7 02:00:00:00:00:07\nvmac_xmit_base").virtualMac).toEqual({
      interface: "vr7",
      mac: "02:00:00:00:00:07",
      transmitFromBase: true,
    });
  });

  test("does not clash between families", () => {
    const text =
      instanceText("use_vmac") + instanceText("use_vmac\nvirtual_ipaddress { fe80::1 }", "W");
    expect(modelOf(text).vrrp.instances.map(({ virtualMac }) => virtualMac?.interface)).toEqual([
      "vrrp.5",
      "vrrp6.5",
    ]);
  });
});

describe("tracking", () => {
  const trackers =
    "vrrp_script s {\nscript \"/bin/x 'a b' c\"\ninterval 2\nweight -4 reverse\nrise 2\nfall 3\ninit_fail\nuser ha:net\n}\ntrack_file f {\nfile /run/f\ninit_file 7 overwrite\n}\nvrrp_track_process p {\nprocess nginx\nquorum 2\ndelay 0.5\n}\n";

  test("takes the weights of the trackers unless the entry has its own", () => {
    const lines =
      "track_script {\ns\n}\ntrack_file {\nf weight 2\n}\ntrack_process {\np\n}\ntrack_interface {\neth0\neth1 weight 5\n}";
    expect(onlyInstance(trackers + instanceText(lines)).tracking).toEqual([
      { tracker: "script:s", weight: -4, reverse: true },
      { tracker: "file:f", weight: 2, reverse: false },
      { tracker: "process:p", weight: 0, reverse: false },
      { tracker: "interface:eth1", weight: 5, reverse: false },
    ]);
  });

  test("keeps the trackers that somebody tracks", () => {
    const lines = "track_script {\ns\n}\ntrack_file {\nf\n}\ntrack_process {\np\n}";
    expect(modelOf(trackers + instanceText(lines)).trackers).toMatchObject([
      {
        type: "script",
        name: "s",
        command: { argv: ["/bin/x", "a b", "c"], user: "ha", group: "net" },
        interval: 2_000_000,
        timeout: 2_000_000,
        rise: 2,
        fall: 3,
        startsFailed: true,
      },
      { type: "file", name: "f", path: "/run/f", initialise: { value: 7, overwrite: true } },
      {
        type: "process",
        name: "p",
        process: "nginx",
        arguments: [],
        match: "name",
        quorum: 2,
        forkDelay: 500_000,
        terminateDelay: 500_000,
      },
    ]);
  });

  test("of an address owner has no weights", () => {
    const text =
      trackers + instanceText("priority 255\ntrack_script {\ns\n}\ntrack_interface {\neth1\n}");
    expect(onlyInstance(text).tracking).toEqual([
      { tracker: "interface:eth1", weight: 0, reverse: false },
    ]);
  });

  test("of a member of a group has no weights unless the group says so", () => {
    const member = instanceText(
      "track_script {\ns\n}\ntrack_file {\nf\n}\ntrack_interface {\neth1 weight 5\n}",
    );
    const group = (more: string): string => `vrrp_sync_group G {\ngroup { V }\n${more}\n}\n`;
    expect(onlyInstance(trackers + member + group("")).tracking).toEqual([
      { tracker: "file:f", weight: 0, reverse: false },
      { tracker: "interface:eth1", weight: 0, reverse: false },
    ]);
    expect(
      onlyInstance(trackers + member + group("sync_group_tracking_weight")).tracking[0]?.weight,
    ).toBe(-4);
  });

  test("of a group counts for the group", () => {
    const text = `${trackers}vrrp_sync_group G {\ngroup { V }\ntrack_script {\ns weight 9\n}\n}\n${instanceText()}`;
    expect(modelOf(text).vrrp.groups[0]?.tracking).toEqual([
      { tracker: "script:s", weight: 9, reverse: true },
    ]);
  });
});

describe("scripts, pipes and delays", () => {
  test("notify keeps the first script of a kind, with its user", () => {
    const text = instanceText('notify_master "/bin/a x" ha\nnotify_master /bin/b\nnotify_deleted');
    const { model, diagnostics } = loadText(text);
    expect(codesOf(diagnostics)).toEqual(["warning keyword-repeated"]);
    expect(model?.instanceNotify["V"]).toMatchObject({
      reportsDeleted: true,
      master: { argv: ["/bin/a", "x"], user: "ha" },
    });
  });

  test.each([
    [String.raw`"/bin/x \"a b\" c"`, ["/bin/x", "a b", "c"]],
    [`"/bin/x 'a b'"`, ["/bin/x", "a b"]],
    [`'/bin/x "a b"'`, ["/bin/x", "a b"]],
    [String.raw`"/bin/x \x41\102 a\tb"`, ["/bin/x", "AB", "a", "b"]],
    [`"/bin/x # !"`, ["/bin/x", "#", "!"]],
  ])("the command %s is split as keepalived splits it", (command, argv) => {
    expect(modelOf(instanceText(`notify ${command}`)).instanceNotify["V"]?.any?.argv).toEqual(argv);
  });

  test("scripts run as script_user, wherever it stands", () => {
    const text = `${instanceText("notify /bin/a")}global_defs {\nscript_user ha net\nstartup_script /bin/s\nvrrp_notify_fifo /run/f ha\nvrrp_notify_fifo_script "/bin/r x"\n}`;
    const model = modelOf(text);
    expect(model.instanceNotify["V"]?.any).toMatchObject({ user: "ha", group: "net" });
    expect(model.startupScript).toMatchObject({
      command: { argv: ["/bin/s"], user: "ha" },
      timeout: 10_000_000,
    });
    expect(model.fifos).toMatchObject([
      { path: "/run/f", user: "ha", script: { argv: ["/bin/r", "x"] } },
    ]);
  });

  test("the quiet time is the longer of that after start and that after boot", () => {
    const text = "global_defs {\nvrrp_startup_delay 3\nvrrp_delay_after_boot 60\n}";
    expect(modelOf(text, { uptimeSeconds: 20 }).vrrp.startupDelay).toBe(40_000_000);
    expect(modelOf(text, { uptimeSeconds: 99 }).vrrp.startupDelay).toBe(3_000_000);
  });

  test("the down delay of an interface is cut to less than the backup waits", () => {
    const text = `interface_up_down_delays {\neth0 9 5\neth1 9\n}\n${instanceText()}`;
    expect(codesOf(loadText(text).diagnostics)).toEqual(["warning delay-cut"]);
    expect(modelOf(text).vrrp.linkDelays).toEqual([
      { interface: "eth0", down: 1_990_000, up: 5_000_000 },
      { interface: "eth1", down: 9_000_000, up: 9_000_000 },
    ]);
  });

  test("scheduling and the prefix of virtual MAC interfaces are taken over", () => {
    const text = `global_defs {\nvrrp_rt_priority 50\nvrrp_priority -5\nvmac_prefix vr\nlog_unknown_vrids\n}\n${instanceText("use_vmac")}`;
    const model = modelOf(text);
    expect(model.scheduling).toEqual({ realtimePriority: 50, nice: -5 });
    expect(model.logUnknownVrids).toBe(true);
    expect(model.vrrp.instances[0]?.virtualMac?.interface).toBe("vr.5");
  });
});
