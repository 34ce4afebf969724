/** Addresses, prefixes and interfaces, with advice for what people copy from how-tos. */
import {
  type IpAddress,
  type IpFamily,
  ipFamily,
  type Prefix,
  parseIp,
  parsePrefix,
} from "../../base/ip.ts";
import { didYouMean } from "../suggest.ts";
import type { Token } from "./lexer.ts";
import { type Parser, quote } from "./parser.ts";
import { type Placed, readValue, wrong } from "./values.ts";

/** Whose address is meant, and how one is written, for people who have left a placeholder. */
export interface AddressMeaning {
  readonly text: string;
  readonly examples: Readonly<Record<IpFamily, string>>;
}

/** The address of `family` after `keyword`. */
export function readAddress(
  parser: Parser,
  keyword: Token,
  family: IpFamily,
  { text, examples }: AddressMeaning,
): Placed<IpAddress> | undefined {
  const token = readValue(parser, keyword, examples[family], text);
  if (token === undefined) return undefined;
  const value = parseIp(token.text);
  if (value !== undefined && ipFamily(value) === family) return { value, at: token.at };
  const message = `${keyword.text} must be an IPv${family} address, not ${quote(token)}`;
  const hint = addressHint(keyword, token, family);
  return wrong(parser, token, "address-invalid", `${message}${hint}`);
}

function addressHint(keyword: Token, { text }: Token, family: IpFamily): string {
  const plain = text.split(/[/%]/)[0] ?? "";
  const address = parseIp(plain);
  if (address === undefined) {
    return /^[A-Za-z][\w.-]*$/.test(text) ? "; names are not looked up" : "";
  }
  const other = ipFamily(address);
  const name = other === family ? keyword.text : keyword.text.replace(/^IPv[46]/, `IPv${other}`);
  return `: write ${name} ${plain}`;
}

/** An address or a network of `family`. */
export function readPrefix(
  parser: Parser,
  keyword: Token,
  family: IpFamily,
): Placed<Prefix> | undefined {
  const bits = family === 4 ? 32 : 128;
  const token = readValue(parser, keyword, "ADDRESS or ADDRESS/LENGTH");
  if (token === undefined) return undefined;
  const value = parsePrefix(token.text);
  if (value !== undefined && ipFamily(value.address) === family) return { value, at: token.at };
  const plain = parseIp(token.text.split("/")[0] ?? "");
  const hint =
    plain !== undefined && ipFamily(plain) === family
      ? `; the length is from 0 to ${bits}`
      : addressHint(keyword, token, family);
  const message = `${keyword.text} must be an IPv${family} address or network, not ${quote(token)}${hint}`;
  return wrong(parser, token, "address-invalid", message);
}

/** IFNAMSIZ without its null byte. */
const INTERFACE_NAME_MAX = 15;
const INTERFACE_NAME = /^[A-Za-z][A-Za-z0-9._-]*$/;
/** Words that conntrackd takes for something else wherever they stand. */
const RESERVED = /^(?:on|off|yes|no|ftfw|nack|notrack|alarm|persistent)$/i;

/** A name that conntrackd can read. Whether there is such an interface is said, too, where interfaces are known. */
export function readInterface(parser: Parser, keyword: Token): Placed<string> | undefined {
  const token = readValue(parser, keyword, "eth1", "the interface of the dedicated link");
  if (token === undefined) return undefined;
  const advice = interfaceAdvice(parser, token);
  if (advice !== undefined) return wrong(parser, token, "interface-name", advice);
  reportUnknown(parser, token);
  return { value: token.text, at: token.at };
}

function interfaceAdvice(parser: Parser, token: Token): string | undefined {
  const { text } = token;
  if (/[*?[\]+]/.test(text)) {
    const stem = text.replace(/[*?[\]+].*/, "");
    const matches = (parser.environment.interfaces ?? []).filter((name) => name.startsWith(stem));
    const found = matches.length === 0 ? "" : ` (here ${matches.slice(0, 12).join(", ")})`;
    return `${quote(token)} is a pattern, and Interface takes one name${found}: write the one of the dedicated link, and another block of the same kind for each further link`;
  }
  const [base = ""] = text.split(/[:@]/);
  if (base !== text && INTERFACE_NAME.test(base)) {
    const what = text.includes(":") ? "a label of an address" : "a name with its peer";
    return `${quote(token)} is ${what}, not an interface: write Interface ${base}`;
  }
  if (RESERVED.test(text)) {
    return `${quote(token)} is a word of the language and cannot be an interface: rename the interface`;
  }
  if (INTERFACE_NAME.test(text) && text.length <= INTERFACE_NAME_MAX) return undefined;
  return `an interface name has 1 to ${INTERFACE_NAME_MAX} letters, digits, dots, dashes and underscores and begins with a letter, unlike ${quote(token)}`;
}

function reportUnknown(parser: Parser, { text, at }: Token): void {
  const known = parser.environment.interfaces;
  if (known === undefined || known.includes(text)) return;
  const list = known.length === 0 ? "" : ` (there are ${known.slice(0, 12).join(", ")})`;
  const message = `there is no interface ${text} on this router${list}${didYouMean(text, known)}`;
  parser.findings.error(at, "interface-unknown", message);
}
