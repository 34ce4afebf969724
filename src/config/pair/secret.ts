/**
 * What routers authenticate each other with, made from the secret file that both have. A shell makes the same, so that a
 * rendered file can be checked by hand:
 *
 *     printf 'duet auth_hmac 1\n%s' "$(cat FILE)" | sha256sum             # key 1 of auth_hmac, in hex
 *     printf 'duet auth_pass\n%s' "$(cat FILE)" | sha256sum | cut -c1-8   # auth_pass
 */
import { formatHex } from "../../base/hex.ts";
import { sha256 } from "../../base/sha256.ts";
import type { PairConfig, PairElection } from "./model.ts";

/** Whether keys or passwords are made from the secret file. */
export const needsSecret = ({ election }: PairConfig): boolean =>
  usesSecret(election.authentication);

/** The same of authentication alone. */
export const usesSecret = (authentication: PairElection["authentication"]): boolean =>
  authentication.type === "hmac" ||
  (authentication.type === "pass" && authentication.password === undefined);

/** Bytes of a secret file without the end of its last line. */
const SECRET_SIZE_MIN = 16;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The number of the key that is made from the secret. */
export const HMAC_KEY_ID = 1;

/** What is wrong with the content of the secret file at `path`, and what to do; undefined when nothing is. */
export function secretProblem(path: string, content: Uint8Array): string | undefined {
  const size = trimSecret(content).length;
  if (size >= SECRET_SIZE_MIN) return undefined;
  return `${path} holds ${size} bytes, and a secret has ${SECRET_SIZE_MIN} or more: run head -c 32 /dev/urandom | base64 > ${path}, and copy the file to the other router`;
}

/** Without the line ends that editors put behind it. */
function trimSecret(content: Uint8Array): Uint8Array {
  const last = content.findLastIndex((byte) => byte !== LINE_FEED && byte !== CARRIAGE_RETURN);
  return content.subarray(0, last + 1);
}

/** A key for HMAC-SHA-256: 32 bytes in hex. `secret` is the content of the secret file. */
export const hmacKeyFrom = (secret: Uint8Array): string =>
  digestOf(`duet auth_hmac ${HMAC_KEY_ID}\n`, secret);

/** A VRRPv2 password: 8 characters, digits and small letters from a to f. It travels in clear text and guards mistakes only. */
export const passwordFrom = (secret: Uint8Array): string =>
  digestOf("duet auth_pass\n", secret).slice(0, 8);

/** So that one value made from the secret tells nothing about another. */
function digestOf(purpose: string, secret: Uint8Array): string {
  const prefix = Uint8Array.from(purpose, (character) => character.charCodeAt(0));
  const message = new Uint8Array([...prefix, ...trimSecret(secret)]);
  return formatHex(sha256(message));
}
