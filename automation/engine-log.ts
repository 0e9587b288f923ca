import { appendFileSync } from "node:fs";
import { errorMessage } from "../common/errors.ts";
import type { EngineSettings } from "./engine.ts";

/** Takes what the engine prints. A log that cannot be written must not break off an update in the middle. */
export function engineLog({ logFile, notice }: Pick<EngineSettings, "logFile" | "notice">): (text: string) => void {
  let broken = false;
  return (text) => {
    try {
      if (!broken) appendFileSync(logFile, text);
    } catch (error) {
      broken = true;
      notice(`the engine's log cannot be written: ${errorMessage(error)}`);
    }
  };
}
