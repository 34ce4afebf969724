/** Which refused packets an operator must hear of: those of a router that means to be our peer but is set up differently. */
import type { IpAddress } from "../base/ip.ts";
import type { RefusalReason } from "./admission.ts";
import type { Remark } from "./events.ts";
import type { Member } from "./member.ts";
import type { Notice } from "./notices.ts";

interface Mismatch {
  readonly code: Remark["code"];
  readonly text: (member: Member) => string;
}

const authentication = (what: string): Mismatch => ({
  code: "authentication-differs",
  text: ({ config }) => `${what}; ours is ${config.authentication.type}`,
});

/** Garbage, wrong TTLs and checksums are only counted: anybody on the segment can send those at any rate. */
const MISMATCHES: Readonly<Partial<Record<RefusalReason, Mismatch>>> = {
  "authentication-type": authentication("uses another kind of authentication"),
  "authentication-missing": authentication("does not sign its advertisements"),
  "authentication-failed": authentication("uses another password or key"),
  "authentication-unknown-key": authentication("signs with a key that is not configured here"),
  "authentication-stale": authentication("has a clock that differs too much"),
  "interval-differs": {
    code: "interval-differs",
    text: () => "advertises at another interval, which VRRPv2 does not allow",
  },
  "bad-version": {
    code: "version-differs",
    text: ({ config }) => `speaks another version of VRRP, ours is ${config.version}`,
  },
};

/** What to say about a refused packet, or undefined where counting is enough. */
export function refusalNotice(
  member: Member,
  source: IpAddress,
  reason: RefusalReason,
): Notice | undefined {
  const mismatch = MISMATCHES[reason];
  if (mismatch === undefined) return undefined;
  const { name, vrid, interface: link } = member.config;
  const text =
    `${source} on ${link} sends VRID ${vrid} but ${mismatch.text(member)}: ` +
    "it is not heard, and both routers may become Active";
  return { level: "warn", code: mismatch.code, subject: name, text };
}
