/** Reads the configuration as this router sees it. */
import os from "node:os";
import path from "node:path";
import { loadKeepalivedConf } from "../config/keepalived/load.ts";
import type { Loaded } from "../config/model.ts";
import { systemEnvironment, systemFiles } from "./config-files.ts";
import type { RunOptions } from "./run-options.ts";

/** All findings, and a model unless one of them is an error. Reads files; never throws for what they say. */
export function loadConfiguration({
  keepalived,
  configId,
}: Pick<RunOptions, "keepalived" | "configId">): Loaded {
  const environment = systemEnvironment(configId === null ? {} : { configId });
  return loadKeepalivedConf(path.resolve(keepalived), systemFiles, environment);
}

/** What this router is called: --node, router_id of the file, or the host name. */
export const nodeName = (node: string | null, loaded: Loaded): string =>
  node ?? loaded.model?.routerId ?? os.hostname();
