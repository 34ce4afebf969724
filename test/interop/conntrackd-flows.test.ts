/** Duet and the real conntrackd tell each other of flows of every kind that this kernel makes, both ways. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  commonToBoth,
  difference,
  loadFlows,
  missingConntrackd,
  type ReplicatorKind,
  timeless,
} from "../support/replication-peers.ts";
import { ReplicationSite } from "../support/replication-site.ts";

const missing = missingConntrackd();
const SETTLED = { timeout: 30_000, interval: 50 };

/** Made by the conntrack tool: what traffic in a test cannot easily make. */
const TOOL = [
  "-p sctp -s 192.168.7.1 -d 10.1.1.1 --sport 1000 --dport 80 -t 3600 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2 -u SEEN_REPLY,ASSURED",
  "-p gre -s 192.168.7.1 -d 10.1.1.1 --srckey 0 --dstkey 0 -t 3600",
  "-p 50 -s 192.168.7.1 -d 10.1.1.1 -t 3600",
  "-p icmp -s 192.168.7.1 -d 10.1.1.1 --icmp-type 8 --icmp-code 0 --icmp-id 77 -t 3600",
  "-p tcp -s 192.168.7.2 -d 10.1.1.1 --sport 1000 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 3600 --dst-nat 10.9.9.9:8080",
  "-p udp -s 192.168.7.3 -d 10.1.1.1 --sport 1000 --dport 80 -t 3600 -w 5",
  "-p tcp -s 192.168.7.4 -d 10.1.1.1 --sport 1000 --dport 80 --state SYN_RECV -t 3600 -m 77",
  "-p tcp -s fd00:7::1 -d fd00:8::1 --sport 1000 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 3600",
  "-p tcp -s 192.168.7.7 -d 10.1.1.1 --sport 1000 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 3600 --src-nat 203.0.113.9:7001 --dst-nat 10.9.9.9:8081",
  "-p icmp -s 192.168.7.8 -d 10.1.1.1 --icmp-type 8 --icmp-code 0 --icmp-id 78 -t 3600 --src-nat 203.0.113.9",
  "-p icmpv6 -s fd00:7::2 -d fd00:8::1 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 79 -t 3600",
  "-p tcp -s fd00:7::3 -d fd00:8::1 --sport 1000 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 3600 --src-nat fd00:9::1",
  "-p udp -s fd00:7::4 -d fd00:8::1 --sport 1000 --dport 53 -u SEEN_REPLY -t 3600 --dst-nat fd00:9::2",
  "-p udp -s 192.168.7.5 -d 10.1.1.1 --sport 1000 --dport 80 -t 3600 --src-nat 203.0.113.9:7000",
] as const;

/** conntrackd takes UDP-Lite and tells of it without ports. */
const UDP_LITE = "-p udplite -s 192.168.7.6 -d 10.1.1.1 --sport 1000 --dport 80 -t 3600";

const DIRECTIONS: readonly (readonly [ReplicatorKind, ReplicatorKind])[] = [
  ["duet", "conntrackd"],
  ["conntrackd", "duet"],
];

describe.skipIf(missing !== undefined).each(DIRECTIONS)(
  `%s tells %s ${missing ?? ""}`,
  (from, to) => {
    let site: ReplicationSite;
    const sender = () => site.replicators.alpha;
    const receiver = () => site.replicators.beta;

    /** Waits until the receiver knows what the sender knows, and `sees` finds in it what the kernel was told just now. */
    const agree = async (sees: (flows: readonly string[]) => void = () => {}): Promise<string[]> =>
      vi.waitFor(() => {
        const flows = receiver().flows("external");
        sees(flows);
        expect(difference(commonToBoth(sender().flows("internal")), commonToBoth(flows))).toEqual(
          [],
        );
        return flows;
      }, SETTLED);
    const mention =
      (...words: readonly string[]) =>
      (flows: readonly string[]): void => {
        for (const word of words) expect(flows.join("\n")).toContain(word);
      };

    beforeAll(async () => {
      site = new ReplicationSite(`f${from.slice(0, 1)}`, { alpha: from, beta: to });
      await sender().start();
      await receiver().start();
      await site.converse();
      loadFlows(site.routers.alpha, from === "duet" ? [...TOOL, UDP_LITE] : TOOL);
    });
    afterAll(() => {
      site.close();
    });

    test("every flow of the kernel, of every protocol and translation", async () => {
      await agree((flows) => {
        expect(flows.length).toBeGreaterThanOrEqual(TOOL.length + 10);
        for (const protocol of ["tcp", "udp", "icmp", "icmpv6", "sctp", "gre"])
          expect(flows.some((line) => line.startsWith(`${protocol} `))).toBe(true);
        if (from === "duet") mention("udplite")(flows);
        mention("mark=42", "mark=77", "zone=5", "helper=ftp", "SYN_RECV")(flows);
      });
    });

    test("that a connection is being closed", async () => {
      site.say("brief", "quit");
      await site.hears("brief bye");
      await agree(mention("TIME_WAIT"));
    });

    test("a new mark", async () => {
      site.routers.alpha.exec("conntrack", "-U", "-s", "192.168.7.4", "-m", "99");
      await agree(mention("mark=99"));
    });

    test("the end of a flow", async () => {
      site.routers.alpha.exec("conntrack", "-D", "-s", "192.168.7.5");
      await agree((flows) => expect(flows.join("\n")).not.toContain("192.168.7.5"));
    });

    test("everything again when the other one asks for it", async () => {
      const before = await agree();
      receiver().ask("-f", "external");
      // A flow that changes in this moment may be back already.
      expect(receiver().flows("external").length).toBeLessThan(before.length / 2);
      receiver().ask("-n");
      expect(commonToBoth(await agree())).toEqual(commonToBoth(before));
    });

    test("everything again when it is told to", async () => {
      const before = await agree();
      receiver().ask("-f", "external");
      sender().ask("-B");
      expect(commonToBoth(await agree())).toEqual(commonToBoth(before));
    });

    test("enough to make the same flows in another kernel", async () => {
      await agree();
      receiver().ask("-c");
      await vi.waitFor(() => {
        expect(translations(site.kernel("beta"))).toEqual(translations(site.kernel("alpha")));
      }, SETTLED);
    });

    test("the same to duet flows list as to conntrackd's client", async () => {
      const duet = [sender(), receiver()].find(({ kind }) => kind === "duet")!;
      const which = duet === sender() ? "internal" : "external";
      const listed = await vi.waitFor(async () => {
        const lines = timeless(await duet.duet("list", `--${which}`));
        expect(difference(duet.flows(which), lines)).toEqual([]);
        return lines;
      }, SETTLED);
      const json = (await duet.duet("list", `--${which}`, "--json")).trim().split("\n");
      expect(json.map((line) => typeof JSON.parse(line))).toEqual(listed.map(() => "object"));
    });

    test("nothing malformed, and nothing is lost", () => {
      for (const one of [sender(), receiver()]) {
        expect(one.counter(/(\d+) Malformed/)).toBe(0);
        expect(one.counter(/(\d+) Lost/)).toBe(0);
      }
    });
  },
);

/** Of every flow both tuples, mark, labels and zone: CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_MARK, CTA_LABELS, CTA_ZONE. */
function translations(
  kernel: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(kernel).map(([tuple, said]) => [
      tuple,
      Object.fromEntries(Object.entries(said).filter(([at]) => /^([12]\/|8$|18$|22$)/.test(at))),
    ]),
  );
}
