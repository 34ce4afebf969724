/** The tutorial, word by word: its commands on the lab's routers, with the output that it shows. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { singleRouter } from "../../src/lab/drill.ts";
import { Lab } from "../../src/lab/lab.ts";
import { namespaceName, ROUTER_NAMES, type RouterName } from "../../src/lab/topology.ts";
import { Traffic } from "../../src/lab/traffic.ts";
import { eventually } from "../support/daemon.ts";
import { labName } from "../support/lab.ts";
import { isRoot } from "../support/netns.ts";
import { RouterShell } from "../support/router-shell.ts";

const TEXT = readFileSync(new URL("../../docs/tutorial/first-pair.md", import.meta.url), "utf8");
const DOWNLOADS = 20;

interface Step {
  readonly router: RouterName;
  readonly command: string;
  /** Lines that it shows of the output. */
  readonly shown: readonly string[];
}

/** Commands behind a router's prompt in console blocks, with the lines below them. */
function stepsOf(text: string): readonly Step[] {
  return [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
    block
      .split(/^(?=(?:alpha|beta)# )/m)
      .filter((part) => part !== "")
      .map((part): Step => {
        const [first = "", ...shown] = part.trimEnd().split("\n");
        const [router, command] = first.split(/# (.*)/) as [RouterName, string];
        return { router, command, shown };
      }),
  );
}

/** `…` stands for any text; alone on a line for any lines. */
function matches(output: string, shown: readonly string[]): boolean {
  const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const pattern = shown
    .map((line) => (line === "…" ? "(?:.*\n)*" : `${line.split("…").map(escape).join(".*")}\n`))
    .join("");
  return new RegExp(`^${pattern}$`).test(`${output}\n`);
}

describe.skipIf(!isRoot)("the tutorial", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-tutorial-"));
  const shells = new Map<RouterName, RouterShell>();
  let lab: Lab;
  let traffic: Traffic;

  beforeAll(async () => {
    const unused = { daemon: "duet", configFile: "unused" } as const;
    lab = await Lab.open({
      name: labName("tut"),
      routers: { alpha: unused, beta: unused },
      tell: () => {},
    });
    traffic = await Traffic.start(lab.name, () => {});
    for (const name of ROUTER_NAMES)
      shells.set(name, new RouterShell(namespaceName(lab.name, name), path.join(folder, name)));
  });
  afterAll(async () => {
    for (const shell of shells.values()) shell.close();
    await traffic?.close();
    await lab?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** There is no SSH between the routers of the lab. */
  const copy = (): void => {
    for (const name of ["duet.yaml", "secret"]) {
      const [from, to] = ROUTER_NAMES.map((router) => `${folder}/${router}/etc/duet/${name}`);
      cpSync(from!, to!, { preserveTimestamps: true });
    }
  };

  const follow = async ({ router, command, shown }: Step): Promise<void> => {
    if (command.startsWith("scp ")) return copy();
    if (command === "ip link set br-lan down") await traffic.openDownloads(DOWNLOADS);
    const shell = shells.get(router)!;
    let { code, output } = await shell.run(command);
    // What a reader waits for may take a moment: the start, the election, the failover.
    const isAsShown = async (): Promise<boolean> => {
      if (code < 2 && (shown.length === 0 || matches(output, shown))) return true;
      if (shown.length === 0) throw new Error(`exit status ${code}`);
      ({ code, output } = await shell.run(command));
      return false;
    };
    try {
      await eventually(`${command} to show ${shown.join("\n")}`, isAsShown);
    } catch (error) {
      throw new Error(`${router}# ${command}\n${JSON.stringify(output)}`, { cause: error });
    }
  };

  test("works as it stands there", async () => {
    // oxlint-disable-next-line no-await-in-loop -- one command after the other is the point
    for (const step of stepsOf(TEXT)) await follow(step);
    // TCP repeats what was lost after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s.
    await eventually(
      "beta alone to serve, and every download to go on",
      () => singleRouter(traffic) === "beta" && traffic.downloads().stalled === 0,
    );
    expect(traffic.downloads().reset).toBe(0);
  });
});
