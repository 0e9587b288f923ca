import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { project } from "../../stacks/project.ts";
import type { Session } from "../session.ts";
import { parseDeployment, writtenAt, type Deployment } from "./deployment.ts";
import type { Exports } from "./exports.ts";

export interface Restoring {
  readonly stack: string;
  readonly exports: Exports;
  readonly session: Pick<Session, "directories" | "environment" | "console" | "clock">;
}

interface Good {
  readonly file: string;
  readonly deployment: Deployment;
}

/** The newest earlier state that is whole, and whether it is the backend's own copy of it; nothing where there is none. */
export function earlierState({ stack, exports, session: { environment, directories } }: Restoring): (Good & { readonly isCopy: boolean }) | undefined {
  // A shared backend keeps its own history; what is on this machine is not its latest.
  const copy = environment.stateBackend === undefined ? backendCopy(join(stacksFolder(directories.state), `${stack}.json.bak`)) : undefined;
  const last = exports.lastGood();
  // The backend's copy is of the write before the last one: after an operation that ended well, what was kept is newer.
  if (copy !== undefined && (last === undefined || isNewer(copy.deployment, last.deployment))) return { ...copy, isCopy: true };
  return last === undefined ? undefined : { ...last, isCopy: false };
}

/**
 * The last good state, for the place of one that cannot be read; says which it is. The damaged one is kept where the backend is a folder.
 * @param problem what is wrong with the state, in the engine's words
 * @throws UserError where no earlier state is to be had
 */
export function lastGoodState(restoring: Restoring, problem: string): Deployment {
  const { stack, exports, session } = restoring;
  const { console, environment, directories, clock } = session;
  const good = earlierState(restoring);
  if (good === undefined) {
    throw new UserError(`The state of ${stack} is damaged, and there is no earlier one: ${problem}`, {
      fix: `Restore it from the backend's own history. If there is none, forget it (\`pulumi stack rm --force -s ${stack}\`) and run \`npm run up -- ${environment.name}\`: what is there is found by its tags (project=${project}, env=${environment.name}) and recorded.`,
    });
  }
  const damaged = environment.stateBackend === undefined ? join(stacksFolder(directories.state), `${stack}.json`) : undefined;
  const kept = damaged !== undefined && existsSync(damaged) ? exports.keep(readFileSync(damaged), "before-recovery", clock.now()) : undefined;
  console.say("warn", `the state of ${stack} is damaged (${problem}): restored from ${good.file}${kept === undefined ? "" : `; the damaged one is kept in ${kept}`}`);
  // Writing a state makes the backend's copy one of what was there before: of the damaged one.
  if (good.isCopy) exports.keep(JSON.stringify(good.deployment), "good", clock.now());
  return good.deployment;
}

function isNewer(one: Deployment, other: Deployment): boolean {
  return (writtenAt(one) ?? 0) > (writtenAt(other) ?? 0);
}

function stacksFolder(state: string): string {
  return join(state, ".pulumi", "stacks", project);
}

/** The file backend writes a checkpoint: the deployment is one level deeper than in an export (sdk/go/common/apitype, CheckpointV3). */
const checkpointSchema = z.object({ version: z.number(), checkpoint: z.object({ latest: z.unknown() }) });

/** The file backend's copy of the state as it was before its last write: it knows of the operation that was going on. */
function backendCopy(file: string): Good | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { version, checkpoint } = checkpointSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    const deployment = parseDeployment(JSON.stringify({ version, deployment: checkpoint.latest }));
    return deployment === undefined ? undefined : { file, deployment };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
