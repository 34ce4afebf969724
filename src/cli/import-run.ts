/** What `duet import` does once the command line is read. */
import path from "node:path";
import { parsePrefix } from "../base/ip.ts";
import { formatDiagnostic, type Position } from "../config/diagnostics.ts";
import { type ImportOptions, importPair, type RouterSources } from "../config/import/import.ts";
import type { NotCarried } from "../config/pair/model.ts";
import { writePair } from "../config/pair/write.ts";
import { systemFiles } from "../daemon/config-files.ts";
import {
  fileKind,
  groupFiles,
  isFolder,
  type RouterFiles,
  routerFromFolder,
  routerFromOption,
} from "./check-files.ts";
import { EXIT } from "./exit-code.ts";
import type { ImportFlags } from "./import.ts";
import { writeWhole } from "./render-apply.ts";
import type { Session } from "./session.ts";
import { plural } from "./words.ts";

const UCI = ["network", "dhcp", "firewall", "keepalived"] as const;

/** A sentence when the command line cannot be followed. */
export function runImport(
  files: readonly string[],
  flags: ImportFlags,
  session: Session,
): string | undefined {
  const routers = routersOf(files, flags.router);
  if (typeof routers === "string") return routers;
  const addresses = flags.address.map((text) => addressFrom(text));
  const wrong = addresses.find((address) => typeof address === "string");
  if (wrong !== undefined) return wrong;
  const options: ImportOptions = {
    pairName: flags.pair,
    routerNames: routers.map(({ name, isNamed }) => (isNamed ? name : undefined)),
    addresses: addresses.filter((address) => typeof address !== "string"),
  };
  const [first, second] = routers.map(({ files: own }) => sourcesOf(own, session));
  if (first === undefined) return "there are no files to import";
  const environment = {
    // A name that no file gives is not that of this machine: the files may come from anywhere.
    hostName: "",
    ...(flags.configId !== undefined && { configId: flags.configId }),
    variables: {},
  };
  const result = importPair([first, second], options, { source: systemFiles, environment });
  for (const finding of result.diagnostics) session.note(`${formatDiagnostic(finding)}\n`);
  report(result.notCarried, result.missing, session);
  if (result.pair === undefined) {
    session.note("duet: nothing was imported, because of the errors above\n");
    session.finish(EXIT.usage);
    return undefined;
  }
  const text =
    flags.json === true
      ? `${JSON.stringify(result, null, 2)}\n`
      : writePair(result.pair, notesFor(result.notCarried, result.missing));
  if (flags.output === undefined) session.out(text);
  else {
    writeWhole({ path: flags.output, text, mode: 0o644 });
    session.note(
      `duet: wrote ${flags.output}; duet check ${flags.output} says what it thinks of it\n`,
    );
  }
  return undefined;
}

/** One router or two; a sentence otherwise. */
function routersOf(
  files: readonly string[],
  options: readonly string[],
): readonly RouterFiles[] | string {
  const folders = files.filter((file) => isFolder(file));
  const named = [
    ...options.map((text) => routerFromOption(text)),
    ...folders.map((folder) => routerFromFolder(folder)),
  ];
  const wrong = named.find((one) => typeof one === "string");
  if (wrong !== undefined) return wrong;
  const routers = [
    ...named.filter((one) => typeof one !== "string"),
    ...groupFiles(
      files
        .filter((file) => !folders.includes(file))
        .map((file) => ({ file, kind: fileKind(file) })),
    ),
  ];
  if (routers.length <= 2) return routers;
  const names = routers.map(({ name }) => name).join(", ");
  return `a pair has two routers, and these files seem to belong to ${routers.length} (${names}): say with --router NAME=FOLDER which are whose`;
}

/** Files that import has no use for are named: nothing is skipped in silence. */
function sourcesOf(files: RouterFiles["files"], session: Session): RouterSources {
  const pathOf = (kind: "keepalived" | "conntrackd"): string | undefined =>
    files.find((file) => file.kind === kind)?.file;
  const uci: Partial<Record<(typeof UCI)[number], string>> = {};
  for (const { file, kind } of files) {
    const name = UCI.find((one) => one === path.basename(file));
    if (kind === "uci" && name !== undefined) uci[name] = file;
    else if (kind !== "keepalived" && kind !== "conntrackd")
      session.note(
        `duet: ${file} is not imported; duet render writes such files from the pair's file, and duet check compares them\n`,
      );
  }
  return { keepalived: pathOf("keepalived"), conntrackd: pathOf("conntrackd"), uci };
}

function addressFrom(text: string): ImportOptions["addresses"][number] | string {
  const [, router = "", network = "", address = ""] = /^([^.=]+)\.([^=]+)=(.+)$/.exec(text) ?? [];
  const prefix = address.includes("/") ? parsePrefix(address) : undefined;
  if (prefix === undefined)
    return `--address needs ROUTER.NETWORK=ADDRESS/LENGTH, such as alpha.lan=192.168.1.2/24, and not ${text}`;
  return { router, network, prefix };
}

function report(
  notCarried: readonly NotCarried[],
  missing: readonly string[],
  session: Session,
): void {
  for (const { at, text, reason } of notCarried)
    session.note(`${placeOf(at)}: left out: ${text}: ${reason}\n`);
  for (const sentence of missing) session.note(`duet: to fill in: ${sentence}\n`);
  const counts = [
    ...(notCarried.length > 0 ? [`${plural(notCarried.length, "statement")} left out`] : []),
    ...(missing.length > 0 ? [`${plural(missing.length, "place")} to fill in`] : []),
  ];
  if (counts.length > 0) session.note(`duet: ${counts.join(", ")}\n`);
}

const placeOf = ({ file, line, column }: Position): string => `${file}:${line}:${column}`;

function notesFor(
  notCarried: readonly NotCarried[],
  missing: readonly string[],
): readonly string[] {
  return [
    ...(missing.length > 0 ? ["To fill in:", ...missing.map((sentence) => `  ${sentence}`)] : []),
    ...(notCarried.length > 0
      ? [
          "Not carried over:",
          ...notCarried.map(({ at, text, reason }) => `  ${placeOf(at)} ${text}: ${reason}`),
        ]
      : []),
  ];
}
