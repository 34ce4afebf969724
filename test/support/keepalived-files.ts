/** Configurations from text, without a file system. */
import type { Diagnostic } from "../../src/config/diagnostics.ts";
import { loadKeepalivedConf } from "../../src/config/keepalived/load.ts";
import type { Loaded, Model } from "../../src/config/model.ts";
import type { Environment, FileSource } from "../../src/config/source.ts";
import type { InstanceConfig } from "../../src/vrrp/config.ts";

export const MAIN = "/etc/keepalived/keepalived.conf";

export const ENVIRONMENT: Environment = {
  hostName: "alpha.example.net",
  variables: { SITE: "north" },
};

/** Files by path; of patterns it knows asterisks and brackets. */
export const filesFrom = (files: Readonly<Record<string, string>>): FileSource => ({
  read: (path) => {
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    return text === undefined ? { ok: false, reason: "there is no such file" } : { ok: true, text };
  },
  glob: (pattern) => {
    const expression = pattern.replaceAll(".", String.raw`\.`).replaceAll("*", "[^/]*");
    const matches = Object.keys(files).filter((path) => new RegExp(`^${expression}$`).test(path));
    return matches.toSorted();
  },
});

export const loadText = (
  text: string,
  environment: Partial<Environment> = {},
  others: Readonly<Record<string, string>> = {},
): Loaded =>
  loadKeepalivedConf(MAIN, filesFrom({ [MAIN]: text, ...others }), {
    ...ENVIRONMENT,
    ...environment,
  });

/** A complete instance with `lines` added; an address is there unless `lines` has its own. */
export function instanceText(lines = "", name = "V", ids = { vrid: 5, interface: "eth0" }): string {
  const addresses = /virtual_ipaddress/.test(lines) ? "" : "virtual_ipaddress { 192.0.2.1/24 }\n";
  return `vrrp_instance ${name} {\ninterface ${ids.interface}\nvirtual_router_id ${ids.vrid}\n${addresses}${lines}\n}\n`;
}

/** The only instance of a configuration that must be without errors. */
export function onlyInstance(text: string, environment: Partial<Environment> = {}): InstanceConfig {
  const [instance] = modelOf(text, environment).vrrp.instances;
  if (instance === undefined) throw new Error("the configuration has no instance");
  return instance;
}

export function modelOf(text: string, environment: Partial<Environment> = {}): Model {
  const { model, diagnostics } = loadText(text, environment);
  if (model === undefined) throw new Error(JSON.stringify(diagnostics, null, 2));
  return model;
}

/** "error code" or "warning code" of each finding. */
export const codesOf = (diagnostics: readonly Diagnostic[]): readonly string[] =>
  diagnostics.map(({ severity, code }) => `${severity} ${code}`);

/** The findings of an instance with `lines` in it. */
export const findingsOf = (
  lines: string,
  environment: Partial<Environment> = {},
): readonly string[] => codesOf(loadText(instanceText(lines), environment).diagnostics);
