/**
 * Listens to VRRP and asks by ARP who has the virtual addresses. The questions are ARP Probes (RFC 5227 section 1.1) with
 * the sender 0.0.0.0, one for each address, so that no neighbour table changes; nothing else is sent.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { anyAddress, type IpAddress } from "../../base/ip.ts";
import { BROADCAST_MAC, type Mac, parseMac } from "../../base/mac.ts";
import type { ProbeAnswer, SpeakerSeen } from "../../check/doctor/snapshot.ts";
import { readSpeaker } from "../../check/doctor/speaker.ts";
import { PacketListener } from "../../kernel/packet-listener.ts";
import { PacketSocket } from "../../kernel/packet-socket.ts";
import { ARP_FRAME_SIZE, ARP_REQUEST, decodeArp, encodeArp } from "../../wire/arp.ts";
import type { Gaps } from "./gaps.ts";

export interface Place {
  readonly interface: string;
  readonly index: number;
  readonly mac: Mac;
  readonly families: readonly (4 | 6)[];
  /** Addresses to ask for. */
  readonly targets: readonly IpAddress[];
}

export interface Listening {
  readonly places: readonly Place[];
  readonly milliseconds: number;
  /** Addresses of this router: what comes from them is its own. */
  readonly own: ReadonlySet<IpAddress>;
}

export interface WireSeen {
  readonly speakers: readonly SpeakerSeen[] | null;
  readonly probes: readonly ProbeAnswer[] | null;
}

const POLL_MS = 20;
const NOBODY = parseMac("00:00:00:00:00:00") as Mac;

export async function hear(listening: Listening, gaps: Gaps): Promise<WireSeen> {
  const session = gaps.attempt("VRRP and ARP on the wire", () => new Session(listening), undefined);
  if (session === undefined) return { speakers: null, probes: null };
  try {
    session.ask();
    const until = performance.now() + listening.milliseconds;
    // oxlint-disable no-await-in-loop -- one round after the other is the point
    while (performance.now() < until) {
      session.receive();
      await sleep(POLL_MS);
    }
    // oxlint-enable no-await-in-loop
    session.receive();
    return { speakers: session.speakers, probes: session.probes };
  } finally {
    session.close();
  }
}

interface Ear {
  readonly listener: PacketListener;
  readonly place: Place;
  readonly take: (frame: DataView, place: Place) => void;
}

class Session {
  readonly #listening: Listening;
  readonly #ears: Ear[] = [];
  readonly #speakers = new Map<string, SpeakerSeen>();
  readonly #claims = new Map<string, Set<Mac>>();

  /** Throws SyscallError. */
  constructor(listening: Listening) {
    this.#listening = listening;
    try {
      for (const place of listening.places) this.#open(place);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get speakers(): readonly SpeakerSeen[] {
    return [...this.#speakers.values()];
  }

  get probes(): readonly ProbeAnswer[] {
    return this.#listening.places.flatMap((place) =>
      place.targets.map((address) => ({
        interface: place.interface,
        address,
        macs: [...(this.#claims.get(claimKey(place, address)) ?? [])].toSorted(),
      })),
    );
  }

  ask(): void {
    const socket = PacketSocket.open();
    try {
      for (const place of this.#listening.places)
        for (const target of place.targets) socket.send(place.index, probe(place.mac, target));
    } finally {
      socket.close();
    }
  }

  receive(): void {
    for (const { listener, place, take } of this.#ears)
      listener.receive((frame) => {
        take(frame, place);
      });
  }

  close(): void {
    for (const { listener } of this.#ears.splice(0)) listener.close();
  }

  #open(place: Place): void {
    const listen = (heard: Parameters<typeof PacketListener.open>[0], take: Ear["take"]): void =>
      void this.#ears.push({ listener: PacketListener.open(heard, place), place, take });
    for (const family of place.families)
      listen(family === 4 ? "vrrp4" : "vrrp6", (frame) => {
        this.#hear(frame, place);
      });
    if (place.targets.length > 0)
      listen("arp", (frame) => {
        this.#note(frame, place);
      });
  }

  #hear(frame: DataView, place: Place): void {
    const speaker = readSpeaker(frame, place.interface, Date.now() / 1_000);
    if (speaker === undefined || this.#listening.own.has(speaker.source)) return;
    const { interface: device, source, family, vrid, version } = speaker;
    const key = `${device} ${source} ${family} ${vrid} ${version}`;
    // A router that resigns says so with priority 0; who it was counts for more.
    if (speaker.priority > 0 || !this.#speakers.has(key)) this.#speakers.set(key, speaker);
  }

  /** Whoever names an address as its own claims it, in an answer or by itself. */
  #note(frame: DataView, place: Place): void {
    const arp = decodeArp(frame);
    if (!arp.ok || !place.targets.includes(arp.value.senderAddress)) return;
    const { senderAddress, senderMac } = arp.value;
    if (senderMac === place.mac) return;
    const key = claimKey(place, senderAddress);
    const macs = this.#claims.get(key) ?? new Set();
    this.#claims.set(key, macs.add(senderMac));
  }
}

const claimKey = (place: Place, address: IpAddress): string => `${place.interface} ${address}`;

function probe(mac: Mac, target: IpAddress): Uint8Array {
  const frame = new Uint8Array(ARP_FRAME_SIZE);
  const question = {
    destination: BROADCAST_MAC,
    source: mac,
    operation: ARP_REQUEST,
    senderMac: mac,
    senderAddress: anyAddress(4),
    targetMac: NOBODY,
    targetAddress: target,
  };
  encodeArp(question, new DataView(frame.buffer));
  return frame;
}
