import path from "node:path";
import { explained, type Finding, inOrder } from "../check/finding.ts";
import type { ConfigurationKind } from "../check/recognition.ts";
import { type FileReading, type GivenFile, readRouter } from "../check/router-files.ts";
import { checkSite } from "../check/site.ts";
import type { Environment } from "../config/source.ts";
import { systemEnvironment, systemFiles } from "../daemon/config-files.ts";
import { fileKind, groupFiles, type RouterFiles, routerFromOption } from "./check-files.ts";

export interface ReadOptions {
  readonly configId?: string | null;
  /** By the content of the file unless given. */
  readonly kind?: ConfigurationKind;
  /** NAME=FOLDER, one for each router. */
  readonly routers?: readonly string[];
}

/** The findings of one file and of what it includes. */
export interface FileReport {
  readonly file: string;
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly Finding[];
}

export interface Reports {
  readonly reports: readonly FileReport[];
  /** What could not be done, in a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Everything that is to be said about configurations as the daemon would read them, each alone, those of one router
 * together, and those of two routers beside each other. A text says what is wrong with the options.
 */
export function readReports(
  files: readonly string[],
  { configId = null, kind, routers = [] }: ReadOptions,
): Reports | string {
  const given = files.map((file): GivenFile => ({ file, kind: kind ?? fileKind(file) }));
  const named: RouterFiles[] = [];
  for (const option of routers) {
    const router = routerFromOption(option);
    if (typeof router === "string") return router;
    named.push(router);
  }
  const groups = [...named, ...groupFiles(given)];
  const notes =
    groups.length > 2
      ? [
          `files of ${groups.length} routers (${groups.map(({ name }) => name).join(", ")}) are checked one by one: a pair has two`,
        ]
      : [];
  const isPair = groups.length === 2;
  const read = groups.map((group) => readGroup(group, isPair, configId));
  const pictures = read.map(({ picture }) => picture);
  const beyond = [
    ...read.flatMap(({ findings }) => findings),
    ...(isPair ? checkSite(pictures) : pictures.flatMap((picture) => checkSite([picture]))),
  ];
  const readings = read.flatMap((group) => group.readings);
  return { reports: readings.map((reading) => reportOf(reading, beyond)), notes };
}

function readGroup(
  { name, files, isNamed }: RouterFiles,
  isPair: boolean,
  configId: string | null,
): ReturnType<typeof readRouter> {
  const absolute = { ...systemFiles, read: (file: string) => systemFiles.read(path.resolve(file)) };
  const id = configId === null ? {} : { configId };
  // Of another router's interfaces, programs and users this machine knows nothing.
  const elsewhere: Environment = { hostName: name, variables: {}, ...id };
  const environment = isNamed || isPair ? elsewhere : systemEnvironment(id);
  return readRouter(name, files, { source: absolute, environment });
}

function reportOf(
  { file, files, diagnostics }: FileReading,
  beyond: readonly Finding[],
): FileReport {
  const own = new Set(files);
  const all = inOrder(
    [
      ...diagnostics.map((diagnostic) => explained(diagnostic)),
      ...beyond.filter(({ at }) => own.has(at.file)),
    ],
    files,
  );
  const count = (severity: Finding["severity"]): number =>
    all.filter((finding) => finding.severity === severity).length;
  return { file, errors: count("error"), warnings: count("warning"), diagnostics: all };
}
