/**
 * Duet and keepalived share one virtual router and hand it to each other in every way there is, on every dialect of the
 * protocol. Each dialect is tried with Duet as the better and as the worse router.
 */
import { describe, test } from "vitest";
import type { VirtualRouter } from "../support/interop-config.ts";
import { changesHands } from "../support/interop-elections.ts";
import { missingFor } from "../support/peers.ts";

interface Dialect extends VirtualRouter {
  readonly label: string;
  readonly title: string;
}

/** Version 2 knows whole seconds only. */
const V2 = { version: 2, family: 4, interval: 1 } as const;
const V3 = { version: 3, interval: 0.5 } as const;
const DIALECTS: readonly Dialect[] = [
  { ...V2, label: "pass", title: "VRRPv2 with a password", authentication: "PASS" },
  { ...V2, label: "none", title: "VRRPv2 without authentication" },
  { ...V2, label: "ah", title: "VRRPv2 with AH", authentication: "AH" },
  {
    ...V2,
    label: "uni2",
    title: "unicast VRRPv2 with a password",
    authentication: "PASS",
    isUnicast: true,
  },
  { ...V3, label: "v34", title: "VRRPv3 over IPv4", family: 4 },
  { ...V3, label: "mac4", title: "VRRPv3 with virtual MACs", family: 4, more: "use_vmac" },
  {
    ...V3,
    label: "mac6",
    title: "VRRPv3 over IPv6 with virtual MACs",
    family: 6,
    more: "use_vmac",
  },
  { ...V3, label: "v36", title: "VRRPv3 over IPv6", family: 6 },
  { ...V3, label: "uni34", title: "unicast VRRPv3 over IPv4", family: 4, isUnicast: true },
  { ...V3, label: "uni36", title: "unicast VRRPv3 over IPv6", family: 6, isUnicast: true },
];

/**
 * keepalived counts what it sends and what it hears in one sequence number: after a resignation that did not get out of a
 * dead cable it takes the next advertisement, whoever it is from, for a replay.
 */
const SHARED_SEQUENCE = {
  tolerates: (complaint: string) =>
    complaint === "Failure: 1" || complaint.includes("already processed"),
};

const missing = missingFor("duet", "keepalived", "tshark");

describe.skipIf(missing !== undefined)(`beside keepalived ${missing ?? ""}`, () => {
  for (const dialect of DIALECTS) {
    const { label, title, authentication } = dialect;
    const peculiarities = authentication === "AH" ? SHARED_SEQUENCE : {};
    test.concurrent(`Duet with the higher priority, ${title}`, async () => {
      const kinds = { alpha: "keepalived", beta: "duet" } as const;
      await changesHands(`d${label}`, dialect, kinds, peculiarities);
    });
    test.concurrent(`keepalived with the higher priority, ${title}`, async () => {
      const kinds = { alpha: "duet", beta: "keepalived" } as const;
      await changesHands(`k${label}`, dialect, kinds, peculiarities);
    });
  }
});
