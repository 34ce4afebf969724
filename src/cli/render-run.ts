/** What `duet render` does once the command line is read. */
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import path from "node:path";
import { unifiedDiff } from "../base/diff.ts";
import { type IpAddress, parseIp } from "../base/ip.ts";
import { formatDiagnostic } from "../config/diagnostics.ts";
import { loadPair } from "../config/pair/load.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { findNode } from "../config/pair/node.ts";
import { systemFiles } from "../daemon/config-files.ts";
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
  const request = readRequest(flags, session);
  if (request === undefined) {
    session.finish(EXIT.usage);
    return;
  }
  const files = await renderTarget(target, request);
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

/** Undefined after an error, which was told. */
function readRequest(
  { config, node, files }: RenderFlags,
  session: Session,
): RenderRequest | undefined {
  const { pair, diagnostics } = loadPair(config, systemFiles);
  for (const finding of diagnostics) session.note(`${formatDiagnostic(finding)}\n`);
  if (pair === undefined) return undefined;
  const facts = { hostName: hostname(), addresses: ownAddresses() };
  const found = findNode(pair, node === undefined ? facts : { name: node });
  if (!found.ok) {
    session.note(`duet: ${found.message}\n`);
    return undefined;
  }
  if (node === undefined) session.note(`duet: ${found.how}\n`);
  return { pair, node: found.router.name, secret: readSecret(pair), folder: files, read: readFile };
}

const ownAddresses = (): readonly IpAddress[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses.map(({ address }) => parseIp(address)))
    .filter((address) => address !== undefined);

/** Whoever renders for the eye only need not be able to read it; what lacks it says so. */
function readSecret({ secretFile }: PairConfig): Uint8Array | undefined {
  try {
    return secretFile === undefined ? undefined : readFileSync(secretFile);
  } catch {
    return undefined;
  }
}

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
  for (const file of written) session.out(`${file}: written; next: ${adviceFor(files, file)}\n`);
  if (backup !== undefined)
    session.out(`what was there before is in ${backup}; duet render --undo puts it back\n`);
}

const adviceFor = (files: readonly RenderedFile[], written: string): string =>
  files.find(({ path: file }) => file === written)?.advice ?? "";

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
