import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { errorMessage } from "../../../common/errors.ts";
import { systemClock } from "../../../common/poll.ts";
import type { HaproxyConf, HaproxyServer } from "./haproxy-conf.ts";

/** A connection to a server as the bastion makes it. */
export type Open = (server: HaproxyServer) => Promise<Socket>;

/** haproxy waits this long before it tries the same server again (configuration.txt, `retries`). */
const sameServerMs = 1_000;

/** What its checks have made of a server: haproxy's own count (check.c). It is up until the first one, which turns it if it fails. */
export class CheckCount {
  readonly #rise: number;
  readonly #fall: number;
  #count: number;

  constructor({ rise, fall }: { readonly rise: number; readonly fall: number }) {
    this.#rise = rise;
    this.#fall = fall;
    this.#count = rise;
  }

  get up(): boolean {
    return this.#count >= this.#rise;
  }

  passed(): void {
    this.#count++;
    if (this.up) this.#count = this.#rise + this.#fall - 1;
  }

  failed(): void {
    this.#count--;
    if (!this.up) this.#count = 0;
  }
}

interface Watched extends HaproxyServer {
  readonly checks: CheckCount;
  readonly connections: Set<Socket>;
}

/** The servers of haproxy's backend: checked for as long as it runs, and given out in turn while they are up. */
export class Backend {
  readonly #conf: HaproxyConf;
  readonly #open: Open;
  readonly #log: (line: string) => void;
  readonly #servers: readonly Watched[];
  readonly #over = new AbortController();
  #turn = 0;

  constructor(conf: HaproxyConf, open: Open, log: (line: string) => void) {
    this.#conf = conf;
    this.#open = open;
    this.#log = log;
    this.#servers = conf.servers.map((server) => ({ ...server, checks: new CheckCount(conf.check), connections: new Set() }));
  }

  watch(): void {
    for (const server of this.#servers) {
      this.#watch(server).catch((error: unknown) => {
        if (!this.#over.signal.aborted) this.#log(`haproxy: ${errorMessage(error)}`);
      });
    }
  }

  end(): void {
    this.#over.abort(new Error("haproxy was stopped"));
    for (const server of this.#servers) endConnections(server);
  }

  /** A connection to the server whose turn it is; to another one where that does not take it. Rejects when none does. */
  async connect(): Promise<{ readonly name: string; readonly socket: Socket }> {
    let [last, why]: [Watched | undefined, string] = [undefined, "no server is up"];
    for (let attempt = 0; attempt <= this.#conf.retries; attempt++) {
      const server = this.#next(last);
      if (server === undefined) break;
      if (server === last) await systemClock.wait(Math.min(sameServerMs, this.#conf.timeouts.connect), this.#over.signal);
      last = server;
      try {
        const socket = await this.#connected(server);
        server.connections.add(socket);
        socket.once("close", () => server.connections.delete(socket));
        return { name: server.name, socket };
      } catch (error) {
        why = errorMessage(error);
      }
    }
    throw new Error(why);
  }

  /** The next one that is up, in turn; another than the last one if there is one. */
  #next(last: Watched | undefined): Watched | undefined {
    const count = this.#servers.length;
    for (let step = 0; step < count; step++) {
      const index = (this.#turn + step) % count;
      const server = this.#servers[index];
      if (server === undefined || server === last || !server.checks.up) continue;
      this.#turn = index + 1;
      return server;
    }
    return last?.checks.up === true ? last : undefined;
  }

  #connected(server: HaproxyServer): Promise<Socket> {
    return within(this.#conf.timeouts.connect, this.#open(server), (late) => late.destroy());
  }

  async #watch(server: Watched): Promise<never> {
    for (;;) {
      const wasUp = server.checks.up;
      const problem = await this.#check(server);
      this.#over.signal.throwIfAborted();
      if (problem === undefined) server.checks.passed();
      else server.checks.failed();
      if (server.checks.up !== wasUp) this.#turned(server, problem);
      await systemClock.wait(this.#conf.check.interval, this.#over.signal);
    }
  }

  #turned(server: Watched, problem: string | undefined): void {
    const { backend } = this.#conf;
    this.#log(`[WARNING] Server ${backend}/${server.name} is ${problem === undefined ? "UP" : `DOWN, reason: ${problem}`}.`);
    if (problem === undefined) return;
    endConnections(server);
    if (!this.#servers.some(({ checks }) => checks.up)) this.#log(`[ALERT] backend ${backend} has no server available!`);
  }

  /** One check; why it failed, or nothing. */
  async #check(server: HaproxyServer): Promise<string | undefined> {
    const { check, timeouts } = this.#conf;
    try {
      const socket = await this.#connected(server);
      try {
        const status = await within(timeouts.check, httpsStatus(socket, check.path));
        return check.statuses.includes(status) ? undefined : `HTTP status check returned code <${status}>`;
      } finally {
        socket.destroy();
      }
    } catch (error) {
      return errorMessage(error);
    }
  }
}

function endConnections({ connections }: Watched): void {
  for (const socket of connections) socket.destroy();
}

/** `option httpchk` with `check-ssl verify none`: HTTP/1.0, and no look at the certificate. */
function httpsStatus(socket: Socket, path: string): Promise<number> {
  return new Promise((done, failed) => {
    const secure = connectTls({ socket, rejectUnauthorized: false }, () => secure.write(`GET ${path} HTTP/1.0\r\n\r\n`));
    let heard = "";
    secure.on("data", (part: Buffer) => {
      heard += part.toString("latin1");
      const [, status] = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(heard) ?? [];
      if (status !== undefined) done(Number(status));
    });
    secure.on("error", failed);
    secure.on("close", () => failed(new Error("the server closed the connection")));
  });
}

/** Rejects when the time is over; what comes later is given to `late`. */
async function within<T>(timeoutMs: number, work: Promise<T>, late?: (value: T) => void): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    reject(new Error(`timeout after ${timeoutMs} ms`));
  }, timeoutMs);
  work.then(
    (value) => isOver && late?.(value),
    () => undefined,
  );
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
