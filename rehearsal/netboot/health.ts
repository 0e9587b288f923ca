import { errorMessage } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import type { Health } from "./container.ts";
import { healthTest } from "./health-tests.ts";
import type { ServiceContext } from "./services/service.ts";

/** Until a container is healthy it is looked at this often; docker would wait a whole interval for the first look. */
const impatientMs = 200;

/** Looks at a container's health for as long as it runs, and tells what docker would say. */
export function watchHealth({ spec, vpcCidr, log }: ServiceContext, tell: (health: Health) => void): { end(): void } {
  const { healthcheck } = spec;
  if (healthcheck === undefined) {
    tell("");
    return { end: () => undefined };
  }
  const test = healthTest(healthcheck.test);
  const over = new AbortController();
  const startedAt = performance.now();
  const watch = async (): Promise<void> => {
    let [health, failures]: [Health, number] = ["starting", 0];
    for (;;) {
      tell(health);
      await systemClock.wait(health === "healthy" ? healthcheck.intervalMs : Math.min(impatientMs, healthcheck.intervalMs), over.signal);
      try {
        await test(vpcCidr, AbortSignal.any([over.signal, AbortSignal.timeout(healthcheck.timeoutMs)]));
        [health, failures] = ["healthy", 0];
      } catch (error) {
        over.signal.throwIfAborted();
        failures++;
        const starting = health === "starting" && performance.now() - startedAt < healthcheck.startPeriodMs;
        if (starting || failures < healthcheck.retries) continue;
        if (health !== "unhealthy") log(`${spec.name}: unhealthy: ${errorMessage(error)}`);
        health = "unhealthy";
      }
    }
  };
  watch().catch((error: unknown) => {
    if (!over.signal.aborted) log(`${spec.name}: ${errorMessage(error)}`);
  });
  return { end: () => over.abort() };
}
