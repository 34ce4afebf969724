/** What conntrackd 1.4.7 was seen to write into its control socket for each command line, and where Duet is stricter. */
import { describe, expect, test } from "vitest";
import {
  CONNTRACKD_OPTIONS,
  parseConntrackdArguments,
} from "../../../src/cli/conntrackd-arguments.ts";
import {
  CONTROL_REQUEST_NUMBERS,
  type ControlRequest,
  decodeControlRequest,
  encodeControlRequest,
} from "../../../src/replication/control-requests.ts";

const split = (line: string): readonly string[] => line.split(" ").filter((word) => word !== "");

function numberOf(argv: readonly string[]): number | undefined {
  const invocation = parseConntrackdArguments(argv);
  return invocation.type === "request" ? encodeControlRequest(invocation.request) : undefined;
}

describe("a command line asks for the same as with conntrackd", () => {
  test.each([
    ["-s", 21],
    ["-s ct", 21],
    ["-s n", 28],
    ["-s net", 28],
    ["-s c", 29],
    ["-s r", 30],
    ["-s l", 31],
    ["-s rs", 32],
    ["-s p", 35],
    ["-s q", 36],
    ["-s e", 37],
    ["-i", 16],
    ["-i ct", 16],
    ["-i c", 16],
    ["-i e", 40],
    ["-i -x", 24],
    ["-i ct -x", 24],
    ["-i expect -x", 47],
    ["-e", 17],
    ["-e exp", 41],
    ["-e -x", 25],
    ["-e exp -x", 48],
    ["-c", 46],
    ["-c ct", 18],
    ["-c exp", 42],
    ["-f", 45],
    ["-f i", 33],
    ["-f external", 34],
    ["-F", 43],
    ["-F ct", 0],
    ["-F e", 38],
    ["-R", 44],
    ["-R ct", 1],
    ["-R e", 39],
    ["-B", 22],
    ["-n", 23],
    ["-t", 26],
    ["-k", 20],
  ])("%s is %i", (line, number) => {
    expect(numberOf(split(line))).toBe(number);
  });

  test("of several commands the last one counts", () => {
    expect(numberOf(split("-c -f -R -B"))).toBe(22);
    expect(numberOf(split("-i -x -s"))).toBe(21);
  });

  test("only the first letter of an option counts", () => {
    expect(numberOf(["-commit"])).toBe(46);
    expect(numberOf(["-ct", "expect"])).toBe(42);
  });

  test("an empty word is short for the first one", () => {
    expect(numberOf(["-s", ""])).toBe(28);
    expect(numberOf(["-f", ""])).toBe(33);
  });

  test("the configuration may stand before or after the command", () => {
    const expected = { type: "request", configFile: "/x.conf", request: { type: "send" } };
    expect(parseConntrackdArguments(split("-C /x.conf -B"))).toEqual(expected);
    expect(parseConntrackdArguments(split("-B -C /x.conf"))).toEqual(expected);
  });
});

test("without a command a daemon is asked for, with -d in the background", () => {
  const configFile = "/etc/conntrackd/conntrackd.conf";
  expect(parseConntrackdArguments([])).toEqual({ type: "daemon", configFile, background: false });
  expect(parseConntrackdArguments(["-d"])).toEqual({
    type: "daemon",
    configFile,
    background: true,
  });
});

test("help and version go before everything that stands after them", () => {
  expect(parseConntrackdArguments(split("-s -v -z"))).toEqual({ type: "version" });
  expect(parseConntrackdArguments(split("-h -z"))).toEqual({ type: "help" });
});

test.each([
  ["-z", 'there is no option "-z"'],
  ["--commit", 'there is no option "--commit"'],
  ["foo", 'there is no option "foo"'],
  ["-s foo", "-s knows network, cache, runtime, link, rsqueue, process, queue, ct, expect"],
  ["-s networks", 'not "networks"'],
  ["-f ct", '-f knows internal, external, not "ct"'],
  ["-i CT", '-i knows ct, expect, not "CT"'],
  ["-i ct expect", 'there is no option "expect"'],
  ["-B now", '-B takes no word, not "now"'],
  ["-d now", '-d takes no word, not "now"'],
  ["-x", "-x stands right after -i or -e"],
  ["-s -x", "-x stands right after -i or -e"],
  ["-x -i", "-x stands right after -i or -e"],
  ["-i -x -x", "-x stands right after -i or -e"],
  ["-i -C /x.conf -x", "-x stands right after -i or -e"],
  ["-i -x ct", '-x takes no word, not "ct"'],
  ["-d -s", "-d starts a daemon"],
  ["-k -C", "-C lacks the name"],
  ["-C -s", "-C lacks the name"],
])("%s is refused: %s", (line, message) => {
  const invocation = parseConntrackdArguments(split(line));
  expect(invocation).toMatchObject({ type: "refused" });
  expect(invocation.type === "refused" && invocation.message).toContain(message);
});

test("every option of the help is understood", () => {
  for (const [option] of CONNTRACKD_OPTIONS) {
    const argv = split(option.replace(/ \[-x\]$/, " -x").replace(/\[([^|\]]+).*?\]/, "$1"));
    expect(parseConntrackdArguments(argv).type, option).not.toBe("refused");
  }
});

describe("the numbers of the control socket", () => {
  test.each(CONTROL_REQUEST_NUMBERS)("%i is decoded and encoded again", (number) => {
    const request = decodeControlRequest(number);
    expect(request).toBeDefined();
    expect(encodeControlRequest(request as ControlRequest)).toBe(number);
  });

  test.each([-1, 2, 15, 27, 49, 1.5, Number.NaN])("%d means nothing", (number) => {
    expect(decodeControlRequest(number)).toBeUndefined();
  });

  test("the order of the properties of a request does not matter", () => {
    expect(encodeControlRequest({ tables: "all", type: "commit" })).toBe(46);
  });

  test("what no number stands for is not made up", () => {
    const request: ControlRequest = { type: "flush", cache: "internal", tables: "all" };
    expect(encodeControlRequest(request)).toBeUndefined();
  });
});
