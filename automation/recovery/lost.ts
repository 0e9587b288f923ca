import { errorMessage, UserError } from "../../common/errors.ts";
import { tagValue } from "../../components/tagging.ts";
import type { Environment } from "../../stacks/config.ts";
import type { AwsSources } from "../../worlds/aws-sources.ts";
import { ec2Types } from "./find/ec2.ts";
import { iamTypes } from "./find/iam.ts";
import { logsTypes } from "./find/logs.ts";
import { kubernetesObject, nowhereTypes } from "./find/nowhere.ts";
import { scalingTypes } from "./find/scaling.ts";
import type { LostType, LostTypes } from "./find/search.ts";
import { ssmTypes } from "./find/ssm.ts";

/** A create that was begun and never recorded. */
export interface LostCreate {
  /** As the engine writes it, with `$`. */
  readonly urn: string;
  readonly type: string;
  /** As they are in state: secrets are wrapped. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What to ask. */
export interface Asking {
  readonly sources: AwsSources;
  readonly environment: Environment;
  readonly signal?: AbortSignal;
}

/** Every type of ours that makes something outside of a cluster. A new stage adds its types in find/. */
export const lostTypes: LostTypes = { ...ec2Types, ...iamTypes, ...logsTypes, ...scalingTypes, ...ssmTypes, ...nowhereTypes };

/** How objects of a type are found, or why there is nothing to be found; undefined for a type that nobody has thought of. */
export function lostType(token: string): LostType | undefined {
  return token.startsWith("kubernetes:") ? kubernetesObject : lostTypes[token];
}

/** Components, stacks and providers: the engine records their creation too, but they are in state only. */
const enginesOwn = /^(moonback|pulumi):/;

/**
 * The ids by which it can be imported, of every object that it left behind: none where AWS had not accepted the create, more
 * than one where it was begun twice. An object that state knows is among them if it has the same URN: one that is being replaced.
 * @throws UserError for a type that is not in the table, and where AWS does not answer
 */
export async function findLost(lost: LostCreate, { sources, environment, signal }: Asking): Promise<readonly string[]> {
  if (enginesOwn.test(lost.type)) return [];
  const type = lostType(lost.type);
  if (type === undefined) throw unknownType(lost, environment);
  if (type.by === "nothing") return [];
  signal?.throwIfAborted();
  const tags = { "moonback:urn": tagValue(lost.urn), env: environment.name };
  try {
    return await type.find({ sources, tags, inputs: lost.inputs, options: signal === undefined ? {} : { abortSignal: signal } });
  } catch (error) {
    signal?.throwIfAborted();
    throw isOfAws(error) ? unanswered(lost, error) : error;
  }
}

/**
 * The one object that a create left behind, of the ids that were found; nothing where there is none.
 * @throws UserError where there are several: which one is to stay is a person's choice
 */
export function onlyOne(ids: readonly string[], { urn, type }: Pick<LostCreate, "urn" | "type">, { name }: Environment): string | undefined {
  if (ids.length < 2) return ids[0];
  throw new UserError(`${ids.join(" and ")} both carry the tags of ${urn.split("::").at(-1) ?? urn} (${type}): which one is to stay cannot be told.`, {
    fix: `Delete all but one, then run \`npm run up -- ${name}\` again.`,
  });
}

/** The SDK puts this on what AWS answered, and on what came of asking in vain. */
function isOfAws(error: unknown): error is Error {
  return error instanceof Error && "$metadata" in error;
}

function unanswered({ type, urn }: LostCreate, cause: Error): UserError {
  return new UserError(`Whether the create of this ${type} left something behind could not be found out: ${urn}\n  ${cause.name}: ${errorMessage(cause)}`, {
    fix: "Run the same command again when AWS answers, with credentials that may describe and get what they may create.",
    cause,
  });
}

function unknownType({ type, urn }: LostCreate, { name }: Environment): UserError {
  const stack = urn.split("::")[0]?.split(":").at(-1) ?? name;
  return new UserError(`A create was begun and never recorded, and moonback does not know how to find what it left behind: ${type}\n  ${urn}`, {
    fix:
      `Look for it in AWS by its tag moonback:urn=${tagValue(urn)}, and delete it if it is there. ` +
      `Then \`eval "$(npm run --silent env -- ${name})"\` and \`pulumi refresh --clear-pending-creates --stack ${stack}\`, and run the same command again.`,
  });
}
