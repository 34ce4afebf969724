import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import type { NotifyConfig } from "../../../src/config/model.ts";
import { Notifier } from "../../../src/daemon/notifier.ts";
import type { NotifyState } from "../../../src/vrrp/events.ts";
import { MemoryLog, Workshop } from "../../support/daemon-parts.ts";

let workshop: Workshop;
let log: MemoryLog;
let notifier: Notifier;

beforeEach(() => {
  workshop = new Workshop();
  log = new MemoryLog();
  notifier = new Notifier(log);
});
afterEach(() => {
  notifier.close();
  workshop.remove();
});

const RECORD = "record";
const record = (): string[] => {
  try {
    return readFileSync(workshop.path(RECORD), "utf8").trim().split("\n");
  } catch {
    return [];
  }
};

/** A script that writes its words down, after a while. */
const noting = (name: string, word: string, delay = 0): NonNullable<NotifyConfig["any"]> =>
  workshop.script(
    name,
    `sleep ${delay}; echo "$*" >> ${workshop.path(RECORD)}`,
    ...(word === "" ? [] : [word]),
  );

function configure(notify: Partial<NotifyConfig>): void {
  notifier.configure({
    instanceNotify: { VI: { reportsDeleted: false, ...notify } },
    groupNotify: {},
    fifos: [],
  });
}

const say = (state: NotifyState, priority = 100): void =>
  notifier.notify({ scope: "INSTANCE", name: "VI", state, priority });

test("the specific script gets no arguments, the generic one four", async () => {
  configure({ master: noting("master", "m"), any: noting("any", "") });
  say("MASTER", 150);
  await notifier.settle(seconds(5));
  expect(record().toSorted()).toEqual(["INSTANCE VI MASTER 150", "m"]);
  expect(log.named("hook.ran").map(({ fields }) => fields["status"])).toEqual([
    "exit status 0",
    "exit status 0",
  ]);
});

test("scripts of a later change wait for those of an earlier one", async () => {
  configure({ master: noting("master", "slow", 0.3), backup: noting("backup", "fast") });
  say("MASTER");
  say("BACKUP");
  say("MASTER");
  await notifier.settle(seconds(5));
  expect(record()).toEqual(["slow", "fast", "slow"]);
});

test("a subject does not wait for another", async () => {
  notifier.configure({
    instanceNotify: {
      VI: { reportsDeleted: false, master: noting("slow", "slow", 0.5) },
      OTHER: { reportsDeleted: false, master: noting("fast", "fast") },
    },
    groupNotify: { VI: { reportsDeleted: false, master: noting("group", "group") } },
    fifos: [],
  });
  say("MASTER");
  notifier.notify({ scope: "INSTANCE", name: "OTHER", state: "MASTER", priority: 1 });
  notifier.notify({ scope: "GROUP", name: "VI", state: "MASTER", priority: 0 });
  await notifier.settle(seconds(5));
  expect(record().toSorted()).toEqual(["fast", "group", "slow"]);
  expect(record().at(-1)).toBe("slow");
});

test("DELETED is FAULT unless it is asked for", async () => {
  configure({ any: noting("any", "") });
  say("DELETED");
  await notifier.settle(seconds(5));
  configure({ any: noting("any", ""), reportsDeleted: true });
  say("DELETED");
  await notifier.settle(seconds(5));
  expect(record()).toEqual(["INSTANCE VI FAULT 100", "INSTANCE VI DELETED 100"]);
});

test("what is no change of state reaches its own script but not the generic one", async () => {
  configure({ any: noting("any", ""), masterReceivedLowerPriority: noting("lower", "lower") });
  say("MASTER_RX_LOWER_PRI");
  say("MASTER_PRIORITY");
  await notifier.settle(seconds(5));
  expect(record()).toEqual(["lower"]);
});

test("of too many changes the oldest waiting ones are skipped, and the last one is run", async () => {
  configure({ any: noting("any", ""), master: noting("first", "first", 0.3) });
  say("MASTER", 1);
  for (let priority = 2; priority <= 30; priority += 1) say("BACKUP", priority);
  await notifier.settle(seconds(10));
  expect(record()).toContain("first");
  expect(record().at(-1)).toBe("INSTANCE VI BACKUP 30");
  expect(record()).not.toContain("INSTANCE VI BACKUP 2");
  const skipped = log.named("hook.failed");
  expect(skipped).toHaveLength(13);
  expect(skipped[0]?.fields["reason"]).toBe("too many scripts are waiting");
}, 15_000);

test("a script that fails or is not there is told and stops nothing", async () => {
  configure({
    master: workshop.script("bad", "exit 7"),
    backup: { argv: ["/nowhere"], at: { file: "test", line: 1, column: 1 } },
    fault: noting("fault", "fault"),
  });
  say("MASTER");
  say("BACKUP");
  say("FAULT");
  await notifier.settle(seconds(5));
  expect(record()).toEqual(["fault"]);
  expect(log.named("hook.failed").map(({ fields }) => fields["reason"])).toEqual([
    "exit status 7",
    "could not be started: spawn /nowhere ENOENT",
  ]);
});

test("settling gives up on a script that takes its time", async () => {
  configure({ master: noting("slow", "slow", 2) });
  say("MASTER");
  const began = performance.now();
  await notifier.settle(seconds(0.2));
  expect(performance.now() - began).toBeLessThan(1_500);
});

test("nobody is told of an instance without scripts", async () => {
  notifier.configure({ instanceNotify: {}, groupNotify: {}, fifos: [] });
  say("MASTER");
  await notifier.settle();
  expect(log.events).toEqual([]);
});
