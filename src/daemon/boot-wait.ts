/** While a system starts, the daemon may be there before the addresses by which it knows which router it is. */
import type { LoadedConfiguration } from "./configuration.ts";

/** So long after the boot addresses may still come. */
const BOOT_SECONDS = 120;
const PAUSE_MS = 500;

export interface BootWait {
  /** Seconds since boot. */
  readonly uptime: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Told once, when the waiting begins. */
  readonly tell: (reason: string) => void;
}

/** Loads again and again while nothing but an address is missing and the system has just started. */
export async function loadAtBoot(
  load: () => LoadedConfiguration,
  { uptime, pause, tell }: BootWait,
): Promise<LoadedConfiguration> {
  let loaded = load();
  if (loaded.awaitsAddress === undefined || uptime() >= BOOT_SECONDS) return loaded;
  tell(loaded.awaitsAddress);
  // oxlint-disable no-await-in-loop -- one look after the other is the point
  while (loaded.awaitsAddress !== undefined && uptime() < BOOT_SECONDS) {
    await pause(PAUSE_MS);
    loaded = load();
  }
  // oxlint-enable no-await-in-loop
  return loaded;
}
