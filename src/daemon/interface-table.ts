/** What the kernel has said about the interfaces that the configuration names. Pure: fed with entries, asked for facts. */
import type { IpAddress } from "../base/ip.ts";
import type { InterfaceFacts } from "../vrrp/events.ts";
import { DUET_PROTOCOL } from "../wire/objects.ts";
import type { AddressEntry, LinkEntry, Notification } from "../wire/rtnetlink/entries.ts";
import { addressKey } from "./owned-objects.ts";

const IFA_F_TENTATIVE = 0x40;
const NO_ARP = 0x80;

export class InterfaceTable {
  readonly #links = new Map<number, LinkEntry>();
  readonly #indexes = new Map<string, number>();
  readonly #addresses = new Map<number, Map<string, AddressEntry>>();
  #standing: ReadonlySet<string> = new Set();

  /** Keys of our addresses that are there in every role, such as static ones: these count as the interface's own. */
  setStanding(keys: ReadonlySet<string>): void {
    this.#standing = keys;
  }

  /** Replaces everything by a fresh dump. */
  load(links: readonly LinkEntry[], addresses: readonly AddressEntry[]): void {
    this.#links.clear();
    this.#indexes.clear();
    this.#addresses.clear();
    for (const entry of links) this.#putLink(entry);
    for (const entry of addresses) this.#putAddress(entry);
  }

  /** Takes one notification and returns the names of the interfaces it is about; a rename is about both names. */
  take(note: Notification): readonly string[] {
    if (note.type === "link") return this.#takeLink(note.entry, note.gone);
    if (note.type !== "address") return [];
    const name = this.#links.get(note.entry.index)?.name;
    if (note.gone) this.#addresses.get(note.entry.index)?.delete(identity(note.entry));
    else this.#putAddress(note.entry);
    return name === undefined ? [] : [name];
  }

  facts(name: string): InterfaceFacts {
    const link = this.link(name);
    if (link === undefined)
      return { interface: name, present: false, index: 0, running: false, mtu: 0, addresses: [] };
    return {
      interface: name,
      present: true,
      index: link.index,
      running: link.running,
      ...(link.mac === undefined ? {} : { mac: link.mac }),
      mtu: link.mtu,
      addresses: this.#ownAddresses(link.index),
    };
  }

  link(name: string): LinkEntry | undefined {
    const index = this.#indexes.get(name);
    return index === undefined ? undefined : this.#links.get(index);
  }

  indexOf(name: string): number | undefined {
    return this.#indexes.get(name);
  }

  nameOf(index: number): string | undefined {
    return this.#links.get(index)?.name;
  }

  names(): readonly string[] {
    return [...this.#indexes.keys()];
  }

  /** False on links that resolve no addresses, such as tunnels and the loopback. */
  resolves(name: string): boolean {
    const link = this.link(name);
    return link?.mac !== undefined && (link.flags & NO_ARP) === 0;
  }

  /** True for what we install while Active: it comes and goes with the role and says nothing about the interface. */
  isVirtual(entry: AddressEntry): boolean {
    if (entry.protocol !== DUET_PROTOCOL) return false;
    return !this.#standing.has(addressKey(this.nameOf(entry.index) ?? "", entry));
  }

  #ownAddresses(index: number): IpAddress[] {
    return [...(this.#addresses.get(index)?.values() ?? [])]
      .filter((entry) => !this.isVirtual(entry) && (entry.flags & IFA_F_TENTATIVE) === 0)
      .map(({ address }) => address);
  }

  #takeLink(entry: LinkEntry, gone: boolean): readonly string[] {
    const before = this.#links.get(entry.index)?.name;
    if (before !== undefined && before !== entry.name) this.#indexes.delete(before);
    if (gone) {
      this.#links.delete(entry.index);
      this.#addresses.delete(entry.index);
      if (this.#indexes.get(entry.name) === entry.index) this.#indexes.delete(entry.name);
    } else this.#putLink(entry);
    return before === undefined || before === entry.name ? [entry.name] : [before, entry.name];
  }

  #putLink(entry: LinkEntry): void {
    this.#links.set(entry.index, entry);
    this.#indexes.set(entry.name, entry.index);
  }

  #putAddress(entry: AddressEntry): void {
    const known = this.#addresses.get(entry.index) ?? new Map<string, AddressEntry>();
    known.set(identity(entry), entry);
    this.#addresses.set(entry.index, known);
  }
}

const identity = ({ address, prefixLength }: AddressEntry): string => `${address}/${prefixLength}`;
