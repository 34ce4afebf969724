/** VRIDs of all networks: those of the file, and for the others numbers that follow from names. */
import { chosenVrid } from "./defaults.ts";

const VRID_MAX = 255;

interface Wanted {
  readonly name: string;
  /** By router name. */
  readonly interfaces: Readonly<Record<string, string>>;
  readonly vrid: number | undefined;
  readonly vrid6: number | undefined;
}

export interface Vrids {
  readonly vrid: number;
  readonly vrid6: number;
  readonly vridIsChosen: boolean;
}

/**
 * In the order of `networks`. Where two networks share an interface, the later one gets the next number that is free
 * there; nothing else changes a number.
 */
export function completeVrids(pairName: string, networks: readonly Wanted[]): readonly Vrids[] {
  const taken = new Map<string, Set<number>>();
  const placesOf = ({ interfaces }: Wanted): readonly Set<number>[] =>
    Object.entries(interfaces).map(([router, name]) => {
      const place = `${router} ${name}`;
      const numbers = taken.get(place) ?? new Set();
      taken.set(place, numbers);
      return numbers;
    });
  const take = (network: Wanted, ...given: readonly (number | undefined)[]): void => {
    for (const numbers of placesOf(network))
      for (const vrid of given) if (vrid !== undefined) numbers.add(vrid);
  };
  for (const network of networks) take(network, network.vrid, network.vrid6);
  return networks.map((network) => {
    const given = network.vrid ?? network.vrid6;
    if (given !== undefined) {
      return { vrid: given, vrid6: network.vrid6 ?? given, vridIsChosen: false };
    }
    const vrid = nextFree(chosenVrid(pairName, network.name), placesOf(network));
    take(network, vrid);
    return { vrid, vrid6: vrid, vridIsChosen: true };
  });
}

/** `start` itself where no number is free: what is then there twice is reported. */
function nextFree(start: number, places: readonly Set<number>[]): number {
  for (let step = 0; step < VRID_MAX; step += 1) {
    const vrid = ((start - 1 + step) % VRID_MAX) + 1;
    if (places.every((numbers) => !numbers.has(vrid))) return vrid;
  }
  return start;
}
