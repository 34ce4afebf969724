/** Duet and the real conntrackd tell each other what the FTP helper expects, and what one of them commits the kernel lets through. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { missingConntrackd, type ReplicatorKind } from "../support/replication-peers.ts";
import { ReplicationSite } from "../support/replication-site.ts";

const missing = missingConntrackd();
const SETTLED = { timeout: 30_000, interval: 50 };
const SETTINGS = { sync: "Options { ExpectationSync On }" };

const DIRECTIONS: readonly (readonly [ReplicatorKind, ReplicatorKind])[] = [
  ["duet", "conntrackd"],
  ["conntrackd", "duet"],
];

describe.skipIf(missing !== undefined).each(DIRECTIONS)(
  `%s tells %s ${missing ?? ""}`,
  (from, to) => {
    let site: ReplicationSite;
    /** Waits until both say the same of what is expected, and it is `count` connections. */
    const agree = async (count: number): Promise<void> => {
      const { alpha, beta } = site.replicators;
      await vi.waitFor(() => {
        const known = beta.flows("external", "expect");
        expect(known).toHaveLength(count);
        expect(known).toEqual(alpha.flows("internal", "expect"));
      }, SETTLED);
    };

    beforeAll(async () => {
      site = new ReplicationSite(`e${from.slice(0, 1)}`, { alpha: from, beta: to });
      await site.replicators.alpha.start(SETTINGS);
      await site.replicators.beta.start(SETTINGS);
      await site.converse();
    });
    afterAll(() => {
      site.close();
    });

    test("what the helper expects", async () => {
      site.say("ftp", "PORT 192,168,1,100,200,1");
      await site.hears("ftp PORT 203,0,113,4,200,1");
      await agree(1);
      expect(site.replicators.beta.flows("external", "expect")[0]).toMatch(
        /^proto=6 src=203\.0\.113\.10 dst=203\.0\.113\.4 sport=0 dport=51201 .* helper=ftp$/,
      );
    });

    test("everything again when it is told to", async () => {
      site.replicators.beta.ask("-f", "external");
      site.replicators.alpha.ask("-B");
      await agree(1);
    });

    test("enough for another kernel to expect the same", async () => {
      site.replicators.beta.ask("-n");
      await vi.waitFor(() => {
        expect(site.replicators.beta.flows("external").join("\n")).toContain("helper=ftp");
      }, SETTLED);
      site.replicators.beta.ask("-c");
      site.replicators.beta.ask("-c", "expect");
      const expected = (name: "alpha" | "beta"): string =>
        site.routers[name].exec("conntrack", "-L", "expect").replaceAll(/^\d+ /gm, "");
      await vi.waitFor(() => {
        expect(expected("beta")).toContain("helper=ftp");
        expect(expected("beta")).toBe(expected("alpha"));
      }, SETTLED);
    });

    // conntrackd knows what the kernel reports, and the kernel reports this with no event.
    if (from === "duet")
      test("by how much the sequence numbers are shifted", async () => {
        await vi.waitFor(() => {
          site.replicators.beta.ask("-c");
          const shifted = Object.values(site.kernel("beta")).filter((said) => "15/3" in said);
          // CTA_SEQADJ_OFFSET_BEFORE and _AFTER: 203,0,113,4 is two letters shorter than 192,168,1,100.
          expect(shifted).toMatchObject([{ "15/2": "00000000", "15/3": "fffffffe" }]);
        }, SETTLED);
      });

    test("that nothing is expected any more", async () => {
      site.routers.alpha.exec("conntrack", "-F", "expect");
      await agree(0);
    });
  },
);
