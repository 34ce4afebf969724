import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { newFolder, stopAll, TestDaemon } from "../support/daemon.ts";
import { buildPair, GLOBALS, holds, instance } from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";

afterEach(stopAll);

const read = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../packaging/${file}`, import.meta.url)), "utf8");
const fileOf = (file: string): string =>
  fileURLToPath(new URL(`../../packaging/${file}`, import.meta.url));

const unit = read("systemd/duet.service");
const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";

const hasSystemd = existsSync("/usr/bin/systemd-analyze");
const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The long options that `duet run` knows. */
function knownOptions(): readonly string[] {
  const help = execFileSync(process.execPath, [PROGRAM, "run", "--help"], { encoding: "utf8" });
  return [...help.matchAll(/(--[a-z-]+)/g)].map(([, option = ""]) => option);
}

const optionsIn = (text: string): readonly string[] =>
  [...text.matchAll(/ (--[a-z-]+)/g)].map(([, option = ""]) => option);

test.runIf(hasSystemd)("systemd has nothing to say against the unit", () => {
  const file = path.join(newFolder(), "duet.service");
  // The program is not installed where the tests run.
  writeFileSync(file, unit.replace(/^Documentation=.*$/m, ""));
  const output = execFileSync("systemd-analyze", ["verify", "--man=no", file], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(output).toBe("");
});

test("unit and init script start the daemon with options that it has", () => {
  const known = knownOptions();
  const init = read("openwrt/duet.init");
  const used = [
    ...optionsIn(setting("ExecStart")),
    ...optionsIn(init.replaceAll(/^\s*#.*$/gm, "")),
  ];
  expect(used).toEqual(expect.arrayContaining(["--config", "--keepalived", "--conntrackd"]));
  expect(used.filter((option) => !known.includes(option))).toEqual([]);
});

/** What the unit's shell runs, with files in `folder` and without the program. */
function unitCommand(folder: string): string {
  const script = /^\/bin\/sh -c '(.*)'$/.exec(setting("ExecStart"))?.[1] ?? "";
  return execFileSync(
    "sh",
    [
      "-c",
      script.replaceAll("$$", "$").replaceAll("/etc/", `${folder}/`).replace("exec ", "echo "),
    ],
    { encoding: "utf8", env: { ...process.env, DUET_OPTIONS: "--log-level debug" } },
  ).trim();
}

/** What the init script tells procd to run, with files in `folder` and nothing in /etc/config/duet. */
function procdCommand(folder: string): string {
  const script = read("openwrt/duet.init").replaceAll("/etc/", `${folder}/`);
  const procd = `config_load() { :; }
config_get() { eval "$1='\${4-}'"; }
config_get_bool() { eval "$1=1"; }
mkdir() { :; }
chmod() { :; }
procd_open_instance() { :; }
procd_close_instance() { :; }
procd_set_param() { [ "$1" = command ] && shift && printf '%s ' "$@"; }
procd_append_param() { shift; printf '%s ' "$@"; }
`;
  const file = path.join(folder, "init");
  writeFileSync(file, `${procd}${script}\nstart_service\n`);
  return execFileSync("sh", [file], { encoding: "utf8" }).trim();
}

test("unit and init script take the pair's file where there is one, and keepalived's otherwise", () => {
  const folder = newFolder();
  const keepalived = `--keepalived ${folder}/keepalived/keepalived.conf`;
  expect(unitCommand(folder)).toBe(`duet run ${keepalived} --log-level debug`);
  expect(procdCommand(folder)).toContain(`/usr/bin/duet run ${keepalived} --socket`);
  mkdirSync(path.join(folder, "duet"));
  writeFileSync(path.join(folder, "duet/duet.yaml"), "");
  const pair = `--config ${folder}/duet/duet.yaml`;
  expect(unitCommand(folder)).toBe(`duet run ${pair} --log-level debug`);
  expect(procdCommand(folder)).toContain(`/usr/bin/duet run ${pair} --socket`);
});

test("the unit asks for no more than the daemon's own message says", () => {
  expect(setting("CapabilityBoundingSet")).toBe("CAP_NET_ADMIN CAP_NET_RAW");
  expect(setting("AmbientCapabilities")).toBe(setting("CapabilityBoundingSet"));
  expect(setting("Type")).toBe("notify");
  expect(setting("WatchdogSec")).toBe("10s");
});

test("the init script is a script", () => {
  expect(() => execFileSync("sh", ["-n", fileOf("openwrt/duet.init")])).not.toThrow();
});

test.runIf(isRoot)("root with the unit's capabilities alone does everything", async () => {
  const pair = buildPair();
  try {
    const names = setting("CapabilityBoundingSet").split(" ");
    const added = names.map((name) => `+${name.replace("CAP_", "").toLowerCase()}`);
    const capabilities = ["-all", ...added].join(",");
    const drop = ["setpriv", `--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`];
    const daemon = await TestDaemon.start(pair.alpha, {
      config: GLOBALS + instance({ more: "use_vmac\n  no_accept" }),
      through: [...drop, `--bounding-set=${capabilities}`, "--no-new-privs"],
    });
    await daemon.becomes("I1", "active");
    expect(holds(pair.alpha, "vrrp.51", "10.1.0.1/24")).toBe(true);
    expect(await daemon.events("kernel.call-failed")).toEqual([]);
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  } finally {
    await stopAll();
    pair.net.close();
  }
});
