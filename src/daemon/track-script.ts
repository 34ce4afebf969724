import { toMilliseconds } from "../base/time.ts";
import { type ScriptTracker, trackerKey } from "../config/model.ts";
import { newScriptHealth, scriptReported, scriptValue } from "../vrrp/tracking.ts";
import { describeOutcome, isSuccess, type RunningScript, runScript } from "./script.ts";
import type { StartTracker } from "./trackers.ts";

/**
 * Runs a script now and then every interval; a run that is still going when the next is due is left alone. See vrrp_script
 * in keepalived.conf(5).
 */
export const watchScript: StartTracker<ScriptTracker> = (config, report, logger) => {
  const tracker = trackerKey(config);
  let health = newScriptHealth(config.rise, config.fall, config.startsFailed);
  let running: RunningScript | undefined;
  const run = async (): Promise<void> => {
    running = runScript(config.command, [], config.timeout);
    const outcome = await running.outcome;
    running = undefined;
    const detail = describeOutcome(outcome, config.timeout);
    if (outcome.type === "timed-out")
      logger.event(
        "tracker.script-timed-out",
        { tracker, timeout_ms: toMilliseconds(config.timeout) },
        `${tracker}: ${detail}`,
      );
    if (outcome.type === "not-started" && scriptValue(health) !== "down")
      logger.event(
        "tracker.script-failed-to-start",
        { tracker, reason: outcome.reason },
        `${tracker}: ${detail}`,
      );
    health = scriptReported(health, isSuccess(outcome));
    report(scriptValue(health), detail);
  };
  const tick = (): void => {
    if (running === undefined) void run();
  };
  if (config.startsFailed) report("down", "starts as failed");
  tick();
  const timer = setInterval(tick, toMilliseconds(config.interval));
  return () => {
    clearInterval(timer);
    running?.end();
  };
};
