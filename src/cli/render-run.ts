/** What `duet render` does once the command line is read. */
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import path from "node:path";
import { unifiedDiff } from "../base/diff.ts";
import { type IpAddress, parseIp } from "../base/ip.ts";
import { type Diagnostic, formatDiagnostic } from "../config/diagnostics.ts";
import { loadPair } from "../config/pair/load.ts";
import { findNode } from "../config/pair/node.ts";
import { systemFiles } from "../daemon/config-files.ts";
import { readPairSecret } from "../daemon/pair-configuration.ts";
import { EXIT } from "./exit-code.ts";
import type { RenderFlags } from "./render.ts";
import { ApplyError, applyFiles, undoLast, writeWhole } from "./render-apply.ts";
import {
  EVERYTHING,
  RENDER_TARGETS,
  type RenderedFile,
  type RenderRequest,
} from "./render-targets.ts";
import type { Session } from "./session.ts";

/** Renders a target and prints, compares, writes or applies it. */
export async function runRender(
  target: string,
  flags: RenderFlags,
  session: Session,
): Promise<void> {
  const read = readRequest(flags, session);
  if (read === undefined) {
    session.finish(EXIT.usage);
    return;
  }
  const { request, secretProblems } = read;
  const files = await renderTarget(target, request);
  if (files.some(({ isIncomplete }) => isIncomplete))
    for (const problem of secretProblems)
      session.note(`${formatDiagnostic({ ...problem, severity: "warning" })}\n`);
  for (const remark of new Set(files.flatMap(({ remarks }) => remarks)))
    session.note(`duet: warning: ${remark}\n`);
  if (flags.diff === true) compare(files, request, session);
  else if (flags.apply === true) apply(files, flags.backups, session);
  else if (flags.output !== undefined) write(files, flags.output, session);
  else print(files, session);
}

/** Puts back what the last --apply replaced. */
export function runUndo(backups: string, session: Session): void {
  const { restored, removed } = undoLast(backups);
  for (const file of restored) session.out(`put back ${file}\n`);
  for (const file of removed) session.out(`removed ${file}\n`);
}

interface Read {
  readonly request: RenderRequest;
  /** Why there is no secret although the pair has one. */
  readonly secretProblems: readonly Diagnostic[];
}

/** Undefined after an error, which was told. */
function readRequest({ config, node, files }: RenderFlags, session: Session): Read | undefined {
  const loaded = loadPair(config, systemFiles);
  const { pair, diagnostics } = loaded;
  for (const finding of diagnostics) session.note(`${formatDiagnostic(finding)}\n`);
  if (pair === undefined) return undefined;
  const facts = { hostName: hostname(), addresses: ownAddresses() };
  const found = findNode(pair, node === undefined ? facts : { name: node });
  if (!found.ok) {
    session.note(`duet: ${found.message}\n`);
    return undefined;
  }
  if (node === undefined) session.note(`duet: ${found.how}\n`);
  const { content, problems: secretProblems } = readPairSecret({ ...loaded, pair });
  const secret = content.length === 0 ? undefined : content;
  const request = { pair, node: found.router.name, secret, folder: files, read: readFile };
  return { request, secretProblems };
}

const ownAddresses = (): readonly IpAddress[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses.map(({ address }) => parseIp(address)))
    .filter((address) => address !== undefined);

function readFile(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApplyError(`${file} cannot be read: ${reason}`, error);
  }
}

async function renderTarget(
  target: string,
  request: RenderRequest,
): Promise<readonly RenderedFile[]> {
  const wanted = RENDER_TARGETS.filter(({ name, isNeeded }) =>
    target === EVERYTHING ? isNeeded(request) : name === target,
  );
  const rendered = await Promise.all(wanted.map(({ render }) => render(request)));
  return rendered.flat();
}

/** Several files are told apart by lines that head(1) writes, too. */
function print(files: readonly RenderedFile[], session: Session): void {
  for (const { path: file, text } of files)
    session.out(files.length > 1 ? `==> ${file ?? ""} <==\n${text}\n` : text);
}

function compare(files: readonly RenderedFile[], { read }: RenderRequest, session: Session): void {
  let isChanged = false;
  for (const { file, text } of placed(files)) {
    const before = read(file);
    const difference = unifiedDiff(before ?? "", text, [
      before === undefined ? "/dev/null" : file,
      file,
    ]);
    session.out(difference);
    isChanged ||= difference !== "" || before === undefined;
  }
  session.finish(isChanged ? EXIT.findings : EXIT.done);
}

function apply(files: readonly RenderedFile[], backups: string, session: Session): void {
  const incomplete = files.find(({ isIncomplete }) => isIncomplete);
  if (incomplete !== undefined)
    throw new ApplyError(
      `${incomplete.path ?? ""} would not work as the pair wants it, so nothing was changed: the warning above says why`,
    );
  const { written, unchanged, backup } = applyFiles(placed(files), backups, new Date());
  for (const file of unchanged) session.out(`${file}: unchanged\n`);
  for (const file of written) session.out(`${file}: written${adviceFor(files, file)}\n`);
  if (backup !== undefined)
    session.out(`what was there before is in ${backup}; duet render --undo puts it back\n`);
}

function adviceFor(files: readonly RenderedFile[], written: string): string {
  const advice = files.find(({ path: file }) => file === written)?.advice;
  return advice === undefined ? "" : `; now run: ${advice}`;
}

function write(files: readonly RenderedFile[], output: string, session: Session): void {
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) {
    writeWhole({ ...only, path: path.resolve(output) });
    return;
  }
  for (const { file, text, mode } of placed(files)) {
    const place = path.join(path.resolve(output), file);
    writeWhole({ path: place, text, mode });
    session.out(`${place}\n`);
  }
}

/** What has a place on this router. */
function placed(
  files: readonly RenderedFile[],
): readonly (RenderedFile & { readonly file: string; readonly path: string })[] {
  return files.map((rendered) => {
    const { path: file } = rendered;
    if (file !== undefined) return { ...rendered, file, path: file };
    throw new ApplyError("this is no file but the input of a program: print it, or name --files");
  });
}
