import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { after, type Instant, milliseconds } from "../../../src/base/time.ts";
import { monotonicNow } from "../../../src/kernel/clock.ts";
import { EventFd } from "../../../src/kernel/event-fd.ts";
import { Reactor, type ReactorLoop, type ReactorOptions } from "../../../src/kernel/reactor.ts";

/** Keeps the thread from everything else, as a stalled host does. */
function stall(duration: number): void {
  const end = after(monotonicNow(), milliseconds(duration));
  while (monotonicNow() < end);
}

describe("the reactor", () => {
  let reactor: Reactor;
  let event: EventFd;
  let busy: EventFd;

  /** Far more than a busy machine keeps a thread waiting, so that only the tests about stalls see any. */
  beforeEach(() => {
    reactor = new Reactor({ stallThreshold: milliseconds(5_000) });
    event = EventFd.create();
    busy = EventFd.create();
  });
  afterEach(() => {
    reactor.close();
    event.close();
    busy.close();
  });

  const setThreshold = (options: ReactorOptions): void => {
    reactor.close();
    reactor = new Reactor(options);
  };

  /** Runs until `turns` judgements were made and returns what happened in order. */
  function journal(loop: Partial<ReactorLoop>, turns = 1): string[] {
    const log: string[] = [];
    reactor.watch(event.fd, () => {
      event.drain();
      log.push("hear");
      return true;
    });
    reactor.run({
      deadline: () => monotonicNow(),
      ...loop,
      stalled: (since, now) => {
        log.push("stalled");
        loop.stalled?.(since, now);
      },
      judge: (now) => {
        log.push("judge");
        loop.judge?.(now);
        if (log.filter((word) => word === "judge").length === turns) reactor.stop();
      },
    });
    return log;
  }

  test("judges at the deadline, not before it", () => {
    const due = after(monotonicNow(), milliseconds(5));
    let judged: Instant | undefined;
    expect(journal({ deadline: () => due, judge: (now) => void (judged = now) })).toEqual([
      "judge",
    ]);
    expect(judged).toBeGreaterThanOrEqual(due);
  });

  test("hears what is waiting before it judges a deadline that has passed", () => {
    event.signal();
    expect(journal({})).toEqual(["hear", "judge"]);
  });

  test("judges after something was heard even when nothing is due", () => {
    event.signal();
    expect(journal({ deadline: () => undefined })).toEqual(["hear", "judge"]);
  });

  test("is woken by another thread", async () => {
    const source = `
      const { writeSync } = require("node:fs");
      setTimeout(() => writeSync(${event.fd}, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])), 10);`;
    const worker = new Worker(source, { eval: true });
    expect(journal({ deadline: () => undefined })).toEqual(["hear", "judge"]);
    await worker.terminate();
  });

  test("puts judgement off while more is waiting, but not for ever", () => {
    let heard = 0;
    reactor.watch(busy.fd, () => {
      heard += 1;
      return false;
    });
    busy.signal();
    const heardAtJudgement: number[] = [];
    reactor.run({
      deadline: () => monotonicNow(),
      judge: () => {
        heardAtJudgement.push(heard);
        if (heardAtJudgement.length === 2) reactor.stop();
      },
    });
    expect(heardAtJudgement).toEqual([9, 18]);
    reactor.unwatch(busy.fd);
  });

  test("judges as soon as a postponed backlog is read", () => {
    let rest = 3;
    busy.signal();
    reactor.watch(busy.fd, () => {
      rest -= 1;
      if (rest === 0) busy.drain();
      return rest === 0;
    });
    const restAtJudgement: number[] = [];
    reactor.run({
      deadline: () => undefined,
      judge: () => {
        restAtJudgement.push(rest);
        reactor.stop();
      },
    });
    expect(restAtJudgement).toEqual([0]);
    reactor.unwatch(busy.fd);
  });

  test("reports a turn that lasted too long before anything else is heard", () => {
    setThreshold({ stallThreshold: milliseconds(200) });
    let since: Instant | undefined;
    const begin = monotonicNow();
    event.signal();
    const log = journal(
      {
        deadline: () => after(begin, milliseconds(10_000)),
        stalled: (from) => void (since = from),
        judge: () => {
          if (since !== undefined) return;
          stall(210);
          event.signal();
        },
      },
      2,
    );
    expect(log).toEqual(["hear", "judge", "stalled", "hear", "judge"]);
    expect(since).toBeGreaterThanOrEqual(begin);
    expect(since).toBeLessThan(after(begin, milliseconds(210)));
  });

  test("reports a deadline that was missed by more than 50 ms, and since when", () => {
    setThreshold({});
    // Between the question for the deadline and the wait, the thread is kept busy.
    const due = after(monotonicNow(), milliseconds(5));
    const deadline = (): Instant => {
      stall(70);
      return due;
    };
    let report: { since: Instant; now: Instant } | undefined;
    expect(journal({ deadline, stalled: (since, now) => void (report = { since, now }) })).toEqual([
      "stalled",
      "judge",
    ]);
    expect(report!.since).toBe(due);
    expect(report!.now).toBeGreaterThan(after(due, milliseconds(50)));
  });

  test("does not call waiting a stall", () => {
    setThreshold({ stallThreshold: milliseconds(200) });
    const due = after(monotonicNow(), milliseconds(250));
    expect(journal({ deadline: () => due })).toEqual(["judge"]);
  });

  test("does not call what was unwatched in the same turn, and forgets it", () => {
    const both = [EventFd.create(), EventFd.create()] as const;
    const heard: number[] = [];
    for (const [index, one] of both.entries()) {
      one.signal();
      reactor.watch(one.fd, () => {
        heard.push(index);
        reactor.unwatch(both[1 - index]!.fd);
        one.drain();
        return true;
      });
    }
    let judgements = 0;
    reactor.run({
      deadline: () => monotonicNow(),
      judge: () => {
        judgements += 1;
        if (judgements === 3) reactor.stop();
      },
    });
    expect(heard).toHaveLength(1);
    for (const one of both) one.close();
  });

  test("does not judge once it was stopped", () => {
    event.signal();
    const log: string[] = [];
    reactor.watch(event.fd, () => {
      reactor.stop();
      return true;
    });
    reactor.run({ deadline: () => monotonicNow(), judge: () => void log.push("judge") });
    expect(log).toEqual([]);
  });

  test("says which descriptor cannot be watched", () => {
    expect(() => {
      reactor.watch(-1, () => true);
    }).toThrow("epoll_ctl EPOLL_CTL_ADD -1: EBADF: bad file descriptor");
  });
});
