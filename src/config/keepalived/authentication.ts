/** The blocks authentication (RFC 2338) and auth_hmac (keepalived 2.4). */

import type { Duration } from "../../base/time.ts";
import { NO_TIME, seconds } from "../../base/time.ts";
import type { Authentication, HmacKey } from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import type { Word } from "./lexer.ts";
import type { Reading, Table } from "./reading.ts";
import { keyword } from "./reading.ts";
import { quote, readChoice, readInteger, utf8Hex } from "./values.ts";

/** Bytes of a password or key in RFC 2338. */
const PASSWORD_SIZE_MAX = 8;
const HMAC_KEY_SIZE = { min: 32, max: 64 } as const;

export interface PasswordDraft {
  type?: "PASS" | "AH";
  password?: Word;
}

export const AUTHENTICATION: Table<PasswordDraft> = [
  keyword(
    "auth_type",
    "PASS|AH",
    { doc: "PASS: a password in clear text; AH: IP Authentication Header." },
    (reading, { words: [word] }, draft) => {
      const type = word && readType(reading, word);
      if (type !== undefined) draft.type = type;
    },
  ),
  keyword(
    "auth_pass",
    "PASSWORD",
    { doc: "Up to eight bytes; in double quotes when it contains a blank, #, ! or a brace." },
    (_, { words: [word] }, draft) => {
      if (word !== undefined) draft.password = word;
    },
  ),
];

function readType({ findings }: Reading, { text, at }: Word): "PASS" | "AH" | undefined {
  if (text === "PASS" || text === "AH") return text;
  const known = { pass: "PASS", ah: "AH" }[text.toLowerCase()];
  const hint = known === undefined ? "" : `; did you mean ${known}?`;
  findings.error(
    at,
    "authentication-type",
    `auth_type must be PASS or AH, not ${quote(text)}${hint}`,
  );
  return undefined;
}

/** Type and password together, or "none" after an error. */
export function completePassword(
  { findings }: Reading,
  { type, password }: PasswordDraft,
  at: Position,
): Authentication {
  if (type === undefined || password === undefined) {
    const missing = type === undefined ? "auth_type PASS" : "auth_pass PASSWORD";
    const message = `authentication is incomplete: add ${missing}, or remove the block`;
    findings.error(at, "authentication-incomplete", message);
    return { type: "none" };
  }
  let hex = utf8Hex(password.text);
  if (hex.length > PASSWORD_SIZE_MAX * 2) {
    const message = `a password has at most ${PASSWORD_SIZE_MAX} bytes in VRRP; the rest of this one is cut off`;
    findings.warn(password.at, "authentication-password-cut", message);
    hex = hex.slice(0, PASSWORD_SIZE_MAX * 2);
  }
  if (hex === "") {
    findings.error(password.at, "authentication-incomplete", "the password is empty");
    return { type: "none" };
  }
  return type === "PASS" ? { type: "password", password: hex } : { type: "header", key: hex };
}

export interface HmacDraft {
  readonly keys: HmacKey[];
  active?: Word;
  replay: "time" | "monotonic";
  window?: Duration;
  mode: "enforce" | "permissive" | "receive-only";
}

export const newHmacDraft = (): HmacDraft => ({ keys: [], replay: "time", mode: "enforce" });

const KEY_ID = { min: 1, max: 255 } as const;

export const AUTH_HMAC: Table<HmacDraft> = [
  {
    ...keyword<HmacDraft>(
      "key",
      "ID VALUE|hex:DIGITS|file:PATH",
      { doc: "A key of 32 to 64 bytes and its number, 1 to 255. May be repeated." },
      readKey,
    ),
    repeated: "each",
  },
  keyword(
    "active_key",
    "ID",
    { doc: "Number of the key that signs.", initial: "the first one" },
    (_, { words: [word] }, draft) => {
      if (word !== undefined) draft.active = word;
    },
  ),
  keyword(
    "anti_replay",
    "time|monotonic",
    {
      doc: "Whether a replayed packet is known by the clock or by its sequence alone.",
      initial: "time",
    },
    (reading, { words: [word] }, draft) => {
      const replay = word && readChoice(reading, word, "anti_replay", ["time", "monotonic"]);
      if (replay !== undefined) draft.replay = replay;
    },
  ),
  keyword(
    "time_window",
    "SECONDS",
    { doc: "By how much the clocks may differ, 1 to 300.", initial: "3 advert_int, at least 5" },
    (reading, { words: [word] }, draft) => {
      const value = word && readInteger(reading, word, "time_window", { min: 1, max: 300 });
      if (value !== undefined) draft.window = seconds(value);
    },
  ),
  keyword(
    "mode",
    "enforce|permissive|receive-only",
    {
      doc: "permissive: sign, accept unsigned; receive-only: do not sign, accept unsigned.",
      initial: "enforce",
    },
    (reading, { words: [word] }, draft) => {
      const choices = ["enforce", "permissive", "receive-only"] as const;
      const mode = word && readChoice(reading, word, "mode", choices);
      if (mode !== undefined) draft.mode = mode;
    },
  ),
];

function readKey(
  reading: Reading,
  { words: [idWord, value] }: { readonly words: readonly Word[] },
  draft: HmacDraft,
): void {
  if (idWord === undefined || value === undefined) return;
  const id = readInteger(reading, idWord, "the number of a key", KEY_ID);
  const secret = readSecret(reading, value);
  if (id === undefined || secret === undefined) return;
  if (draft.keys.some((key) => key.id === id))
    reading.findings.error(idWord.at, "name-duplicate", `there is a key ${id} already`);
  else draft.keys.push({ id, secret });
}

function readSecret({ findings, source }: Reading, { text, at }: Word): string | undefined {
  let secret = utf8Hex(text);
  if (text.startsWith("hex:")) secret = text.slice(4).toLowerCase();
  if (text.startsWith("file:")) {
    const file = source.read(text.slice(5));
    if (!file.ok) {
      findings.error(at, "file-unreadable", `${text.slice(5)} cannot be read: ${file.reason}`);
      return undefined;
    }
    secret = utf8Hex(file.text.trimEnd());
  }
  const size = secret.length / 2;
  if (/^([0-9a-f]{2})*$/.test(secret) && size >= HMAC_KEY_SIZE.min && size <= HMAC_KEY_SIZE.max)
    return secret;
  const message = `a key has ${HMAC_KEY_SIZE.min} to ${HMAC_KEY_SIZE.max} bytes: text, hex: with two digits for each, or file: with a path`;
  findings.error(at, "authentication-incomplete", message);
  return undefined;
}

export function completeHmac(
  { findings }: Reading,
  { keys, active, replay, window, mode }: HmacDraft,
  { at, interval }: { at: Position; interval: Duration },
): Authentication {
  const [first] = keys;
  if (first === undefined) {
    const message = "auth_hmac has no usable key: add key ID VALUE, or remove the block";
    findings.error(at, "authentication-incomplete", message);
    return { type: "none" };
  }
  const activeKey = active === undefined ? first.id : Number(active.text);
  if (active !== undefined && !keys.some(({ id }) => id === activeKey)) {
    const message = `there is no key ${quote(active.text)}`;
    findings.error(active.at, "authentication-incomplete", message);
  }
  const least = Math.max(seconds(5), interval * 3, NO_TIME) as Duration;
  return { type: "hmac", keys, activeKey, replay, window: window ?? least, mode };
}
