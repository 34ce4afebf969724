import path from "node:path";
import { type Finding, inOrder } from "../check/finding.ts";
import type { PairFacts } from "../check/picture.ts";
import type { ConfigurationKind } from "../check/recognition.ts";
import { type FileReading, type GivenFile, readRouter } from "../check/router-files.ts";
import { checkSite } from "../check/site.ts";
import type { Environment, FileSource } from "../config/source.ts";
import { systemEnvironment, systemFiles } from "../daemon/config-files.ts";
import {
  fileKind,
  groupFiles,
  isFolder,
  type RouterFiles,
  routerFromFolder,
  routerFromOption,
} from "./check-files.ts";
import { type FileReport, type Reports, reportOf } from "./file-report.ts";

export interface ClassicOptions {
  readonly configId: string | null;
  /** By the content of the file unless given. */
  readonly kind: ConfigurationKind | undefined;
  /** NAME=FOLDER, one for each router. */
  readonly routers: readonly string[];
  /** What a pair's file that was given, too, says of a router. */
  readonly factsOf: (router: string) => PairFacts | undefined;
}

interface ClassicReports extends Reports {
  /** Findings that stand in none of the files, but in the pair's. */
  readonly elsewhere: readonly Finding[];
}

/**
 * Everything that is to be said about configurations as the daemon would read them, each alone, those of one router
 * together, and those of two routers beside each other. A text says what is wrong with the options.
 */
export function readClassicReports(
  files: readonly string[],
  { configId, kind, routers, factsOf }: ClassicOptions,
): ClassicReports | string {
  const folders = files.filter((file) => isFolder(file));
  const given = files
    .filter((file) => !folders.includes(file))
    .map((file): GivenFile => ({ file, kind: kind ?? fileKind(file) }));
  const named: RouterFiles[] = [];
  const meant = [
    ...routers.map((option) => routerFromOption(option)),
    ...folders.map((folder) => routerFromFolder(folder)),
  ];
  for (const router of meant) {
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
  const read = groups.map((group) => {
    const pair = factsOf(group.name);
    return readRouter(group.name, group.files, { ...worldOf(group, isPair, configId), pair });
  });
  const pictures = read.map(({ picture }) => picture);
  const beyond = [
    ...read.flatMap(({ findings }) => findings),
    ...(isPair ? checkSite(pictures) : pictures.flatMap((picture) => checkSite([picture]))),
  ];
  const readings = read.flatMap((group) => group.readings);
  const own = new Set(readings.flatMap((reading) => reading.files));
  return {
    reports: readings.map((reading) => readingReport(reading, beyond)),
    notes,
    elsewhere: beyond.filter(({ at }) => !own.has(at.file)),
  };
}

function worldOf(
  { name, isNamed }: RouterFiles,
  isPair: boolean,
  configId: string | null,
): { readonly source: FileSource; readonly environment: Environment } {
  const absolute = { ...systemFiles, read: (file: string) => systemFiles.read(path.resolve(file)) };
  const id = configId === null ? {} : { configId };
  // Of another router's interfaces, programs and users this machine knows nothing.
  const elsewhere: Environment = { hostName: name, variables: {}, ...id };
  const environment = isNamed || isPair ? elsewhere : systemEnvironment(id);
  return { source: absolute, environment };
}

function readingReport(
  { file, files, diagnostics }: FileReading,
  beyond: readonly Finding[],
): FileReport {
  const own = new Set(files);
  const all = [...diagnostics, ...beyond.filter(({ at }) => own.has(at.file))];
  return reportOf(file, inOrder(all, files));
}
