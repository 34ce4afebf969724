#!/usr/bin/env node
// `npm start`: from a fresh clone to a failover that you can watch. Installs and builds what is missing or out of date, and
// runs the demonstration. Plain JavaScript without dependencies, because nothing else works before it has run.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

const NODE_LEAST = [20, 19];
const EXIT_USAGE = 2;

const root = path.join(import.meta.dirname ?? path.dirname(process.argv[1]), "..");
const at = (...parts) => path.join(root, ...parts);

/** Something that the person at the terminal must do first. */
class Refusal extends Error {}

try {
  checkMachine();
  await installPackages();
  await build();
  await installPrograms();
  const { labDemo } = await import(new URL("../dist/lab/verbs.js", import.meta.url));
  await labDemo("npm start");
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  process.stderr.write(`npm start: ${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}

function checkMachine() {
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
async function installPackages() {
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
async function build() {
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

/** ip, nft and their like; root on Debian and its descendants gets them installed. */
async function installPrograms() {
  const { missingPackages, withSystemFolders } = await import(
    new URL("../dist/lab/requirements.js", import.meta.url)
  );
  const packages = missingPackages(withSystemFolders(process.env.PATH ?? ""));
  if (packages.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (process.getuid() !== 0 || !existsSync("/usr/bin/apt-get"))
    throw new Refusal(
      `the lab needs ${packages.join(", ")}. Install them with your package manager; on Debian:\n  sudo ${command}`,
    );
  const advice = `install ${packages.join(", ")} by hand`;
  await run("looking for packages (apt-get update)", ["apt-get", "update", "-qq"], advice);
  await run(`installing ${packages.join(", ")}`, command.split(" "), advice);
}

/** Runs a program whose output only matters when it fails, and takes it along when this process is told to stop. */
async function run(what, [program, ...parameters], advice) {
  process.stdout.write(`${what} ...\n`);
  const child = spawn(program, parameters, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => output.push(chunk));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const passOn = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, passOn);
  const outcome = await new Promise((resolve) => {
    child.once("error", (error) => resolve({ reason: error.message }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  for (const signal of signals) process.off(signal, passOn);
  if (outcome.code === 0) return;
  if (outcome.signal) process.kill(process.pid, outcome.signal);
  process.stderr.write(Buffer.concat(output));
  throw new Refusal(`${what} failed (${outcome.reason ?? outcome.code}): ${advice}.`);
}

/** Milliseconds since 1970; 0 for what is not there. */
function modifiedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
