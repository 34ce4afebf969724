/** Single values: times with their units, numbers, addresses, names, words. */
import { isScalar } from "yaml";
import {
  type IpAddress,
  ipFamily,
  isMulticast,
  type Prefix,
  parseIp,
  parsePrefix,
} from "../../base/ip.ts";
import { type Mac, parseMac } from "../../base/mac.ts";
import { type Duration, seconds } from "../../base/time.ts";
import { didYouMean } from "../suggest.ts";
import { type Kind, scalar } from "./kinds.ts";
import { isName, NAME_FORM } from "./maps.ts";
import { durationText, parseDuration, parseSize, sizeText } from "./units.ts";

interface Span {
  readonly min: Duration;
  readonly max: Duration;
  /** The value is a multiple of this. */
  readonly step?: Duration;
}

const TIME_PATTERN = String.raw`^\d{1,12}(\.\d{1,9})?(us|ms|s|m|h|d)$`;

/** A time with its unit. */
export function duration({ min, max, step }: Span): Kind<Duration> {
  const range = `from ${durationText(min)} to ${durationText(max)}`;
  const whole =
    step === undefined
      ? ""
      : step === seconds(1)
        ? " in whole seconds"
        : ` in steps of ${durationText(step)}`;
  return scalar<Duration>({
    form: `a time with its unit${whole}, ${range}`,
    schema: { type: "string", pattern: TIME_PATTERN },
    types: ["string"],
    parse: (text) => {
      const value = parseDuration(text);
      if (value === undefined) return { code: "unit-missing", advice: timeAdvice(text) };
      const isWhole = step === undefined || value % step === 0;
      return value >= min && value <= max && isWhole ? { value } : { code: "number-range" };
    },
  });
}

function timeAdvice(text: string): string {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) {
    return `a number alone says nothing; write ${text}s, or ${text} with us, ms, m, h or d`;
  }
  return "write a number and one of us, ms, s, m, h and d, without a blank, as in 1s, 100ms or 12h";
}

export function size({ min, max }: { readonly min: number; readonly max: number }): Kind<number> {
  return scalar<number>({
    form: `a size with its unit, from ${sizeText(min)} to ${sizeText(max)}`,
    schema: { type: "string", pattern: String.raw`^\d{1,12}(\.\d{1,9})?(B|KiB|MiB)$` },
    types: ["string"],
    parse: (text) => {
      const value = parseSize(text);
      const advice = "write a number and one of B, KiB and MiB, without a blank, as in 512KiB";
      if (value === undefined) return { code: "unit-missing", advice };
      return value >= min && value <= max ? { value } : { code: "number-range" };
    },
  });
}

export function integer(min: number, max: number): Kind<number> {
  return scalar<number>({
    form: `a whole number from ${min} to ${max}`,
    schema: { type: "integer", minimum: min, maximum: max },
    types: ["number"],
    parse: (text) => {
      if (!/^-?\d{1,15}$/.test(text)) return { code: "number-invalid" };
      const value = Number(text);
      return value >= min && value <= max ? { value: value + 0 } : { code: "number-range" };
    },
  });
}

const YES = /^(?:yes|on|y|t|1)$/i;
const NO = /^(?:no|off|n|f|0)$/i;

export const BOOLEAN: Kind<boolean> = scalar<boolean>({
  form: "true or false",
  schema: { type: "boolean" },
  types: ["boolean"],
  parse: (text) => {
    if (text === "true" || text === "false") return { value: text === "true" };
    const lower = text.toLowerCase();
    const meant =
      YES.test(text) || lower === "true"
        ? "true"
        : NO.test(text) || lower === "false"
          ? "false"
          : undefined;
    return { code: "value-invalid", ...(meant !== undefined && { advice: `write ${meant}` }) };
  },
});

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  const last = words.at(-1) ?? "";
  const form = words.length === 1 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
  return scalar<T>({
    form,
    schema: { enum: words },
    types: ["string"],
    parse: (text) => {
      const value = words.find((candidate) => candidate === text);
      if (value !== undefined) return { value };
      const hint = didYouMean(text, words);
      return { code: "value-invalid", ...(hint !== "" && { advice: hint.slice(2) }) };
    },
  });
}

/** One of a few words in any case of letters; the value is as it stands in `words`. */
export function anyCase(words: readonly string[], form: string): Kind<string> {
  return scalar<string>({
    form,
    schema: { type: "string", pattern: `^(${words.map(anyCasePattern).join("|")})$` },
    types: ["string"],
    parse: (text) => {
      const value = words.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
      if (value !== undefined) return { value };
      const hint = didYouMean(text, words);
      return { code: "value-invalid", ...(hint !== "" && { advice: hint.slice(2) }) };
    },
  });
}

/** Schemas have no flag for the case of letters. */
const anyCasePattern = (name: string): string =>
  name.replaceAll(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);

/** The word `false`, where something else can be switched off. */
export const OFF: Kind<false> = scalar<false>({
  form: "false",
  schema: { const: false },
  types: ["boolean"],
  parse: (text) => (text === "false" ? { value: false } : { code: "value-invalid" }),
});

/** `second` where the text is not what `first` takes; what is wrong with a text is told in the words of both. */
export function either<A, B>(first: Kind<A>, isFirst: RegExp, second: Kind<B>): Kind<A | B> {
  const form = `${second.form}, or ${first.form}`;
  const kind: Kind<A | B> = {
    form,
    schema: { anyOf: [second.schema, first.schema] },
    read: (spot, reading) => {
      const { node } = spot;
      const text = isScalar(node) ? (node.source ?? "") : "";
      return isFirst.test(text) ? first.read(spot, reading) : second.read(spot, reading);
    },
  };
  return kind;
}

const ADDRESS_PATTERN = "^[0-9A-Fa-f:.]+$";
const PREFIX_PATTERN = String.raw`^[0-9A-Fa-f:.]+/\d{1,3}$`;

/** An address of a host. */
export const ADDRESS: Kind<IpAddress> = scalar<IpAddress>({
  form: "an IPv4 or IPv6 address",
  schema: { type: "string", pattern: ADDRESS_PATTERN },
  types: ["string"],
  parse: (text) => {
    const value = parseIp(text);
    if (value === undefined) return { code: "address-invalid", ...addressAdvice(text) };
    return isHost(value) ? { value } : { code: "address-invalid", advice: NO_HOST };
  },
});

const NO_HOST = "no router can have this address";

function addressAdvice(text: string): { readonly advice?: string } {
  const [host = "", length] = text.split("/");
  if (length !== undefined && parseIp(host) !== undefined) return { advice: `write ${host}` };
  return {};
}

/** Not unspecified, not loopback, not multicast, not broadcast. */
function isHost(address: IpAddress): boolean {
  if (isMulticast(address)) return false;
  if (ipFamily(address) === 6) return address !== "::" && address !== "::1";
  return !/^(?:0|127|24\d|25[0-5])\./.test(address);
}

/** An address of a host with the length of its network's prefix. */
export const HOST_PREFIX: Kind<Prefix> = scalar<Prefix>({
  form: "an address with the length of its network's prefix, such as 192.0.2.1/24 or 2001:db8::1/64",
  schema: { type: "string", pattern: PREFIX_PATTERN },
  types: ["string"],
  parse: (text) => {
    const value = parsePrefix(text);
    if (value === undefined) return { code: "address-invalid" };
    const { address } = value;
    if (!isHost(address)) return { code: "address-invalid", advice: NO_HOST };
    if (text.includes("/")) {
      return value.length > 0
        ? { value }
        : { code: "address-invalid", advice: "the length is 1 at least" };
    }
    const usual = ipFamily(address) === 4 ? 24 : 64;
    return { code: "address-invalid", advice: `add the length, as in ${address}/${usual}` };
  },
});

/** An address or a whole network. */
export const NETWORK_PREFIX: Kind<Prefix> = scalar<Prefix>({
  form: "an address, or a network such as 10.0.0.0/8",
  schema: { type: "string", pattern: String.raw`^[0-9A-Fa-f:.]+(/\d{1,3})?$` },
  types: ["string"],
  parse: (text) => {
    const value = parsePrefix(text);
    return value === undefined ? { code: "address-invalid" } : { value };
  },
});

export const MAC: Kind<Mac> = scalar<Mac>({
  form: "an Ethernet address such as 02:00:00:00:00:0a",
  schema: { type: "string", pattern: "^([0-9A-Fa-f]{1,2}[:-]){5}[0-9A-Fa-f]{1,2}$" },
  types: ["string"],
  parse: (text) => {
    const value = parseMac(text);
    return value === undefined ? { code: "address-invalid" } : { value };
  },
});

const INTERFACE = /^[^\s/:]{1,15}$/;

export const INTERFACE_NAME: Kind<string> = scalar<string>({
  form: "an interface name of 1 to 15 characters without blank, colon and slash",
  schema: { type: "string", pattern: INTERFACE.source },
  types: ["string"],
  parse: (text) => {
    const isPossible = INTERFACE.test(text) && isPrintable(text) && text !== "." && text !== "..";
    return isPossible ? { value: text } : { code: "interface-name" };
  },
});

export const NAME: Kind<string> = scalar<string>({
  form: `a name of ${NAME_FORM}`,
  schema: { type: "string", pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,31}$" },
  types: ["string"],
  parse: (text) => (isName(text) ? { value: text } : { code: "name-invalid" }),
});

const TEXT_MAX = 1_023;

/** Printable ASCII without line breaks. */
const isPrintable = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/** A path that begins with a slash. */
export const PATH: Kind<string> = scalar<string>({
  form: "an absolute path, which begins with /",
  schema: { type: "string", pattern: String.raw`^/[\x21-\x7e]+$` },
  types: ["string"],
  parse: (text) =>
    /^\/[\x21-\x7e]+$/.test(text) && text.length <= TEXT_MAX
      ? { value: text }
      : { code: "value-invalid" },
});

/** One word of a command: a number may stand for itself. */
export const WORD: Kind<string> = scalar<string>({
  form: `a text of 1 to ${TEXT_MAX} printable characters`,
  schema: { type: ["string", "number"] },
  types: ["string", "number"],
  parse: (text) =>
    text !== "" && text.length <= TEXT_MAX && isPrintable(text)
      ? { value: text }
      : { code: "value-invalid" },
});

/** A text that `pattern` describes. */
export function word(pattern: RegExp, form: string): Kind<string> {
  return scalar<string>({
    form,
    schema: { type: "string", pattern: pattern.source },
    types: ["string"],
    parse: (text) => (pattern.test(text) ? { value: text } : { code: "value-invalid" }),
  });
}

/** A command line without quotes, split at its blanks. */
export const COMMAND_LINE: Kind<readonly string[]> = scalar<readonly string[]>({
  form: "a command with its arguments",
  schema: { type: "string", minLength: 1 },
  types: ["string"],
  parse: (text) => {
    const words = text.split(" ").filter((part) => part !== "");
    if (words.length === 0 || text.length > TEXT_MAX || !isPrintable(text)) {
      return { code: "value-invalid" };
    }
    if (!/["'`\\$&|;<>(){}*?~#]/.test(text)) return { value: words };
    const advice = 'no shell reads it; write a list of words, as in [sh, -c, "…"]';
    return { code: "value-invalid", advice };
  },
});
