/** systemd, or whoever set NOTIFY_SOCKET: told when the daemon is ready, reloads or stops, and that it is alive. */
import { sendUnixDatagram } from "../kernel/unix-datagram.ts";

export class ServiceManager {
  readonly #socket: string | undefined;
  readonly #watchdogMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `environment` as sd_notify(3) and sd_watchdog_enabled(3) read it. */
  constructor(environment: Readonly<Record<string, string | undefined>>, pid: number) {
    this.#socket = environment["NOTIFY_SOCKET"];
    const watchdog = Number(environment["WATCHDOG_USEC"] ?? "0") / 1_000;
    const isForUs = [undefined, String(pid)].includes(environment["WATCHDOG_PID"]);
    this.#watchdogMs = watchdog > 0 && isForUs ? watchdog : undefined;
  }

  ready(text: string): void {
    this.#send(`READY=1\nSTATUS=${text}`);
  }

  reloading(monotonicUs: number): void {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${Math.round(monotonicUs)}`);
  }

  stopping(): void {
    clearInterval(this.#timer);
    this.#send("STOPPING=1");
  }

  /** Keeps the watchdog quiet for as long as `isAlive` resolves: twice per period, as sd_notify(3) advises. */
  watch(isAlive: () => Promise<unknown>): void {
    if (this.#watchdogMs === undefined || this.#socket === undefined) return;
    this.#timer = setInterval(() => {
      // Silence is the message when a thread does not answer: the manager then restarts us.
      void isAlive().then(
        () => this.#send("WATCHDOG=1"),
        () => {},
      );
    }, this.#watchdogMs / 2);
  }

  #send(message: string): void {
    if (this.#socket === undefined) return;
    try {
      sendUnixDatagram(this.#socket, message);
    } catch {
      // A service manager that went away is no reason to fail: it is not who we work for.
    }
  }
}
