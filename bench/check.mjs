#!/usr/bin/env node
// How long `duet check` takes from the start of the process to its end: `node bench/check.mjs`, after `npm run build`.
// Exit status 1 when a target is missed.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "..");
const REPEATS = 9;

const pairFile = (count) => {
  const lans = Array.from({ length: count }, (_, index) => index);
  const net = (index) => `10.${Math.floor(index / 250)}.${index % 250}`;
  const router = (name, host) =>
    `  ${name}: { ${lans.map((index) => `lan${index}: ${net(index)}.${host}/24`).join(", ")}, wan: 192.168.0.${host}/24, link: 10.255.0.${host - 1}/30 }\n`;
  return `pair: bench
routers:
${router("alpha", 2)}${router("beta", 3)}networks:
${lans.map((index) => `  lan${index}: { interface: eth0.${index + 10}, address: ${net(index)}.4/24, dhcp: true }\n`).join("")}  wan: { interface: eth1, address: 192.168.0.4/24, gateway: 192.168.0.1, metric: 5 }
  link: { interface: eth3 }
`;
};

const keepalivedConf = (count, priority) => {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const instances = indexes.map(
    (index) => `vrrp_instance I${index} {
  interface eth0.${index + 10}
  virtual_router_id ${(index % 255) + 1}
  priority ${priority}
  nopreempt
  virtual_ipaddress {
    10.${Math.floor(index / 250)}.${index % 250}.4/24
  }
}
`,
  );
  return `vrrp_sync_group G1 {\n  group {\n${indexes.map((index) => `    I${index}\n`).join("")}  }\n}\n${instances.join("")}`;
};

const networkFile = (count, host) =>
  Array.from(
    { length: count },
    (_, index) =>
      `config interface 'lan${index}'\n  option device 'eth0.${index + 10}'\n  option proto 'static'\n  option ipaddr '10.${Math.floor(index / 250)}.${index % 250}.${host}/24'\n`,
  ).join("");

const folder = mkdtempSync(path.join(tmpdir(), "duet-bench-check-"));
const write = (name, text) => {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};

const routers = (name, count) =>
  [
    ["alpha", 150, 2],
    ["beta", 100, 3],
  ].flatMap(([router, priority, host]) => {
    const below = `${name}/${router}/etc`;
    write(`${below}/keepalived/keepalived.conf`, keepalivedConf(count, priority));
    write(`${below}/config/network`, networkFile(count, host));
    return ["--router", `${router}=${path.join(folder, name, router)}`];
  });

/** @type {readonly (readonly [title: string, words: readonly string[], limitMs: number])[]} */
const CASES = [
  ["one pair's file, 2 networks", [write("home.yaml", pairFile(1))], 300],
  ["one pair's file, 250 networks", [write("large.yaml", pairFile(249))], 1_000],
  ["files of both routers, 2 networks", routers("small", 2), 300],
  ["files of both routers, 250 networks", routers("large", 250), 1_000],
];

function measure(words) {
  const samples = Array.from({ length: REPEATS }, () => {
    const before = performance.now();
    const main = path.join(ROOT, "dist/cli/main.js");
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, "check", ...words], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`duet check ended with ${status}: ${stdout}${stderr}`);
    return performance.now() - before;
  });
  return samples.toSorted((a, b) => a - b);
}

try {
  for (const [title, words, limit] of CASES) {
    const samples = measure(words);
    const median = samples[Math.floor(REPEATS / 2)];
    const verdict = median <= limit ? "met" : "MISSED";
    if (median > limit) process.exitCode = 1;
    const figures = `median ${median.toFixed(0)} ms, ${samples[0].toFixed(0)} to ${samples.at(-1).toFixed(0)} ms`;
    process.stdout.write(
      `${title}: ${figures} of ${REPEATS} runs; target ${limit} ms ${verdict}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
