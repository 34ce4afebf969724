import { Command, CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { addLab } from "../../../src/cli/lab.ts";
import { DRILL_CASES } from "../../../src/lab/faults.ts";

function makeProgram(): { program: Command; written: () => string } {
  let text = "";
  const write = (more: string): void => {
    text += more;
  };
  const program = new Command("duet")
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write });
  addLab(program);
  return { program, written: () => text };
}

async function complaint(...words: string[]): Promise<CommanderError> {
  try {
    await makeProgram().program.parseAsync(["lab", ...words], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error;
    throw error;
  }
  throw new Error(`duet lab ${words.join(" ")} was accepted`);
}

async function helpOf(verb: string): Promise<string> {
  const { program, written } = makeProgram();
  await expect(program.parseAsync(["lab", verb, "--help"], { from: "user" })).rejects.toThrow();
  return written();
}

describe.each(["up", "down", "status", "exec", "drill", "demo"])("duet lab %s --help", (verb) => {
  test("shows an example", async () => {
    expect(await helpOf(verb)).toContain(`$ duet lab ${verb}`);
  });
});

test("the help of drill names every case there is", async () => {
  const help = (await helpOf("drill")).replaceAll(/\s+/g, " ");
  for (const { name } of DRILL_CASES) expect(help).toMatch(new RegExp(` ${name}[,;.]`));
});

test("the keeper that up leaves running is nobody's business", async () => {
  const { program, written } = makeProgram();
  await expect(program.parseAsync(["lab", "--help"], { from: "user" })).rejects.toThrow();
  expect(written()).not.toContain("keep ");
});

test.each([
  [["drill", "--repeat", "0"], "from 1 to 1000"],
  [["drill", "--repeat", "1.5"], "from 1 to 1000"],
  [["drill", "--downloads", "many"], "from 0 to 500"],
  [["up", "--daemon", "frr"], "duet, keepalived"],
  [["up", "--frobnicate"], "unknown option"],
  [["exec", "alpha"], "missing required argument"],
  [["nonsense"], "unknown command"],
] as const)("duet lab %j is wrong usage", async (words, text) => {
  expect((await complaint(...words)).message).toContain(text);
});
