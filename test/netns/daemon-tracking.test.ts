import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually, newFolder, stopAll, TestDaemon } from "../support/daemon.ts";
import { buildPair, GLOBALS, holds, instance, type PairNet } from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";

let pair: PairNet;

beforeAll(() => {
  if (isRoot) pair = buildPair();
});
afterEach(stopAll);
afterAll(() => {
  if (isRoot) pair.net.close();
});

const start = (config: string, folder: string = newFolder()): Promise<TestDaemon> =>
  TestDaemon.start(pair.alpha, { config, folder });

/** Where a script outside of /tmp could stand: root alone may write the folder and every one above it. */
const scripts: string[] = [];
function script(text: string): string {
  const file = `/run/duet-test-${process.pid}-${scripts.length}.sh`;
  scripts.push(file);
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}
afterEach(() => {
  for (const file of scripts.splice(0)) rmSync(file);
});

const priorityOf = async (daemon: TestDaemon): Promise<number> =>
  (await daemon.instance("I1")).effectivePriority;

test.runIf(isRoot)(
  "a tracked script without weight decides between fault and taking part",
  async () => {
    const folder = newFolder();
    const check = script(`test -e ${folder}/well`);
    writeFileSync(path.join(folder, "well"), "");
    const tracker = `vrrp_script chk {\n  script "${check}"\n  interval 0.2\n  rise 2\n  fall 2\n}\n`;
    const daemon = await start(
      GLOBALS + tracker + instance({ more: "track_script {\n    chk\n  }" }),
      folder,
    );
    await daemon.becomes("I1", "active");
    rmSync(path.join(folder, "well"));
    const { cause } = await daemon.becomes("I1", "fault");
    expect(cause).toEqual({ code: "tracker-down", text: "script chk is down" });
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(false);
    const { trackers } = await daemon.client.status();
    expect(trackers).toMatchObject([
      { tracker: "script:chk", value: "down", detail: "exit status 1" },
    ]);
    writeFileSync(path.join(folder, "well"), "");
    await daemon.becomes("I1", "active");
  },
);

test.runIf(isRoot)(
  "a tracked script with weight changes the priority, which is reported when asked for",
  async () => {
    const folder = newFolder();
    const check = script(`test -e ${folder}/well`);
    const config = `${GLOBALS}vrrp_script chk {
  script "${check}"
  interval 0.2
  weight -30
}
${instance({ more: "track_script {\n    chk\n  }" })}`;
    const daemon = await start(config, folder);
    await eventually("the lower priority", async () => (await priorityOf(daemon)) === 70);
    writeFileSync(path.join(folder, "well"), "");
    await eventually("the base priority", async () => (await priorityOf(daemon)) === 100);
    await daemon.event("vrrp.priority-changed", /70/);
  },
);

test.runIf(isRoot)("a script that hangs is ended and counts as failed", async () => {
  const check = script("sleep 60 & wait");
  const tracker = `vrrp_script chk {\n  script "${check}"\n  interval 1\n  timeout 1\n}\n`;
  const daemon = await start(
    GLOBALS + tracker + instance({ more: "track_script {\n    chk\n  }" }),
  );
  const { cause } = await daemon.becomes("I1", "fault");
  expect(cause.text).toBe("script chk is down");
  const { trackers } = await daemon.client.status();
  expect(trackers[0]?.detail).toMatch(/^took longer than /);
});

test.runIf(isRoot)("a tracked file adds its number to the priority", async () => {
  const folder = newFolder();
  const file = path.join(folder, "number");
  const tracker = `track_file num {\n  file ${file}\n  weight 1\n  init_file 5\n}\n`;
  const daemon = await start(
    GLOBALS + tracker + instance({ more: "track_file {\n    num\n  }" }),
    folder,
  );
  await eventually("the first number", async () => (await priorityOf(daemon)) === 105);
  expect(readFileSync(file, "utf8")).toBe("5\n");
  writeFileSync(file, "-20\n");
  await eventually("the second", async () => (await priorityOf(daemon)) === 80);
  rmSync(file);
  await eventually("nothing", async () => (await priorityOf(daemon)) === 100);
  writeFileSync(file, "-254\n");
  const { cause } = await daemon.becomes("I1", "fault");
  expect(cause.code).toBe("tracker-down");
});

test.runIf(isRoot)("a tracked process is missed and found again", async () => {
  const tracker = `vrrp_track_process idle {\n  process "sleep 7013"\n  quorum 1\n}\n`;
  const daemon = await start(
    GLOBALS + tracker + instance({ more: "track_process {\n    idle\n  }" }),
  );
  await daemon.becomes("I1", "fault");
  const sleeper = pair.alpha.spawn("sleep", "7013");
  await daemon.becomes("I1", "active");
  sleeper.kill();
  await daemon.becomes("I1", "fault");
});

test.runIf(isRoot)(
  "a tracked interface with weight costs priority, without weight it is a fault",
  async () => {
    const daemon = await start(
      GLOBALS + instance({ more: "track_interface {\n    wan weight -40\n  }" }),
    );
    await daemon.becomes("I1", "active");
    pair.wan.namespace.ip(`link set ${pair.wanPorts[0]} down`);
    await eventually("the lower priority", async () => (await priorityOf(daemon)) === 60);
    await daemon.reload(GLOBALS + instance({ more: "track_interface {\n    wan\n  }" }));
    const { cause } = await daemon.becomes("I1", "fault");
    expect(cause.text).toBe("interface wan is down");
    pair.wan.namespace.ip(`link set ${pair.wanPorts[0]} up`);
    await daemon.becomes("I1", "active");
  },
);

test.runIf(isRoot)(
  "scripts are run with keepalived's arguments, in the order of the changes",
  async () => {
    const folder = newFolder();
    const record = path.join(folder, "record");
    const note = script(`echo "$*" >> ${record}`);
    // The first is the slowest: a script of a later change must not overtake it.
    const slow = script(`sleep 0.4; echo "$*" >> ${record}`);
    const more = `notify_backup "${slow} backup 'two words'"
  notify_master "${note} master"
  notify_stop "${note} stop"
  notify ${note}`;
    const daemon = await start(GLOBALS + instance({ more }), folder);
    await daemon.becomes("I1", "active");
    const linesOf = (): readonly string[] =>
      existsSync(record) ? readFileSync(record, "utf8").trim().split("\n") : [];
    await eventually("the scripts of both changes", () => linesOf().length === 4);
    await daemon.stop();
    // The daemon waits a second for them, and leaves them to themselves then.
    const lines = await eventually("those of the stop", () => {
      const all = linesOf();
      return all.length === 6 && all;
    });
    expect(lines.slice(0, 2).toSorted()).toEqual(["INSTANCE I1 BACKUP 100", "backup two words"]);
    expect(lines.slice(2, 4).toSorted()).toEqual(["INSTANCE I1 MASTER 100", "master"]);
    expect(lines.slice(4).toSorted()).toEqual(["INSTANCE I1 STOP 100", "stop"]);
  },
);

test.runIf(isRoot)("the FIFO gets a line per change, instances before their group", async () => {
  const folder = newFolder();
  const fifo = path.join(folder, "fifo");
  pair.alpha.exec("mkfifo", fifo);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const globals = GLOBALS.replace("}", `  vrrp_notify_fifo ${fifo}\n}`);
    const group = "vrrp_sync_group G1 {\n  group {\n    I1\n  }\n}\n";
    const daemon = await start(globals + group + instance(), folder);
    await daemon.becomes("G1", "active");
    await daemon.stop();
    const bytes = Buffer.alloc(4_096);
    const lines = bytes.subarray(0, readSync(reader, bytes)).toString("utf8").trim().split("\n");
    expect(lines).toEqual([
      'INSTANCE "I1" BACKUP 100',
      'GROUP "G1" BACKUP 0',
      'INSTANCE "I1" MASTER 100',
      'GROUP "G1" MASTER 0',
      'INSTANCE "I1" STOP 100',
      'GROUP "G1" STOP 0',
    ]);
  } finally {
    closeSync(reader);
  }
});

test.runIf(isRoot)("a FIFO that the daemon made goes with it", async () => {
  const folder = newFolder();
  const globals = GLOBALS.replace("}", `  vrrp_notify_fifo ${folder}/fifo\n}`);
  const daemon = await start(globals + instance(), folder);
  await daemon.becomes("I1", "active");
  expect(statSync(path.join(folder, "fifo")).isFIFO()).toBe(true);
  await daemon.stop();
  expect(existsSync(path.join(folder, "fifo"))).toBe(false);
});

test.runIf(isRoot)(
  "a removed instance is told to its scripts as FAULT, or as DELETED where that is asked for",
  async () => {
    const folder = newFolder();
    const record = path.join(folder, "record");
    const note = script(`echo "$*" >> ${record}`);
    const other = (name: string, vrid: number, more: string): string =>
      instance({ name, vrid, addresses: [`10.1.0.${vrid}/24`], more: `notify ${note}\n  ${more}` });
    const both = other("I2", 52, "") + other("I3", 53, "notify_deleted");
    const daemon = await start(GLOBALS + instance() + both, folder);
    await daemon.becomes("I3", "active");
    await daemon.becomes("I2", "active");
    await daemon.reload(GLOBALS + instance());
    await eventually("the last words", () => {
      const lines = readFileSync(record, "utf8");
      return lines.includes("INSTANCE I2 FAULT 100") && lines.includes("INSTANCE I3 DELETED 100");
    });
  },
);
