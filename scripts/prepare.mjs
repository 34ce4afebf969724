// What every script needs before it can do its own work: packages, a build, programs from Debian. Plain JavaScript without
// dependencies, because nothing else works before it has run.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const NODE_LEAST = [20, 19];

export const root = fileURLToPath(new URL("..", import.meta.url));
const at = (...parts) => path.join(root, ...parts);

/** Something that the person at the terminal must do first. */
export class Refusal extends Error {}

export function checkMachine() {
  if (process.platform !== "linux")
    throw new Refusal("Duet and its lab are made of Linux networking: run this on Linux.");
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [majorLeast, minorLeast] = NODE_LEAST;
  if (major < majorLeast || (major === majorLeast && minor < minorLeast))
    throw new Refusal(
      `this is Node.js ${process.versions.node}; ${NODE_LEAST.join(".")} or later is needed.`,
    );
}

/** npm ci, when there are no packages yet or the lock file is newer than they are. */
export async function installPackages() {
  const installed = modifiedAt(at("node_modules", ".package-lock.json"));
  if (installed > 0 && installed >= modifiedAt(at("package-lock.json"))) return;
  const npm = process.env.npm_execpath;
  const [program, ...parameters] = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  await run(
    "installing packages (npm ci)",
    [program, ...parameters, "ci", "--no-audit", "--no-fund"],
    "check the network, then try again",
  );
}

/** Compiles when a source is newer than the last build made here. */
export async function build() {
  const stamp = at("dist", ".built");
  const sources = [
    ...readdirSync(at("src"), { recursive: true }).map((name) => at("src", name)),
    ...readdirSync(root)
      .filter((name) => /^tsconfig.*\.json$/.test(name))
      .map((name) => at(name)),
  ];
  const isFresh = modifiedAt(stamp) >= Math.max(...sources.map(modifiedAt));
  if (isFresh && existsSync(at("dist", "cli", "main.js"))) return;
  const compiler = at("node_modules", "typescript", "bin", "tsc");
  await run("compiling (tsc -b)", [process.execPath, compiler, "-b"], "the sources do not compile");
  writeFileSync(stamp, "");
}

/** Installs Debian packages where root may; otherwise says which command to use. */
export async function installDebianPackages(packages) {
  if (packages.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (process.getuid() !== 0 || !existsSync("/usr/bin/apt-get"))
    throw new Refusal(
      `programs of these packages are needed: ${packages.join(", ")}. Install them with your package manager; on Debian:\n  sudo ${command}`,
    );
  const advice = `install ${packages.join(", ")} by hand`;
  await run("looking for packages (apt-get update)", ["apt-get", "update", "-qq"], advice);
  await run(`installing ${packages.join(", ")}`, command.split(" "), advice);
}

/** Runs a program whose output only matters when it fails, and takes it along when this process is told to stop. */
export async function run(what, [program, ...parameters], advice) {
  process.stdout.write(`${what} ...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const child = spawn(program, parameters, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => output.push(chunk));
  const outcome = await followed(child);
  if (outcome.code === 0) return;
  if (outcome.signal) process.kill(process.pid, outcome.signal);
  process.stderr.write(Buffer.concat(output));
  throw new Refusal(`${what} failed (${outcome.reason ?? outcome.code}): ${advice}.`);
}

/** Runs a program in the foreground and resolves to its exit code. */
export async function show([program, ...parameters], env = {}) {
  const child = spawn(program, parameters, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const { code } = await followed(child);
  return code ?? 1;
}

/** How `child` ended; it hears the signals that this process hears. */
async function followed(child) {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const passOn = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, passOn);
  const outcome = await new Promise((resolve) => {
    child.once("error", (error) => resolve({ reason: error.message }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  for (const signal of signals) process.off(signal, passOn);
  return outcome;
}

/** Runs `main` and turns a refusal into one line and exit code 2. */
export async function guarded(name, main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 2;
  }
}

/** Milliseconds since 1970; 0 for what is not there. */
function modifiedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
