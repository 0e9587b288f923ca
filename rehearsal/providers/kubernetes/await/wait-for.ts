/** What a program itself waits for: the annotation `pulumi.com/waitFor`, as the official provider reads it. */
import { query } from "jsonpath-rfc9535";
import { UserError } from "../../../../common/errors.ts";
import type { Properties } from "../../values.ts";
import { numberAt } from "../objects.ts";
import { conditionOf, conditionText, failed, type Judgement, ready, waiting } from "./judgement.ts";

export type Judge = (object: Properties) => Judgement;

/**
 * `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}`, `jsonpath={.status.phase}=Running`, or a JSON list of them.
 * @throws UserError for anything else
 */
export function waitFor(annotation: string): Judge {
  const judges = expressions(annotation).map(judgeOf);
  return (object) => judges.map((judge) => judge(object)).find((judgement) => judgement.is !== "ready") ?? ready;
}

function expressions(annotation: string): readonly string[] {
  if (!annotation.trimStart().startsWith("[")) return [annotation];
  let list: unknown;
  try {
    list = JSON.parse(annotation);
  } catch {
    list = undefined;
  }
  if (Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === "string")) return list;
  throw new UserError(`pulumi.com/waitFor must be one expression or a JSON list of them, not '${annotation}'`);
}

function judgeOf(expression: string): Judge {
  const [, what, rest = ""] = /^(condition|jsonpath)=(.+)$/.exec(expression) ?? [];
  if (what === "condition") return conditionJudge(rest);
  if (what === "jsonpath") return pathJudge(rest);
  throw new UserError(`pulumi.com/waitFor must begin with 'condition=' or 'jsonpath=', not '${expression}'`);
}

function conditionJudge(text: string): Judge {
  const [, type = text, wanted = "True"] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  return (object) => {
    const condition = conditionOf(object, type);
    if (condition?.status.toLowerCase() !== wanted.toLowerCase()) return waiting(conditionText(type, condition));
    return isBehind(object, condition.observedGeneration) ? waiting(`condition ${type} is of an earlier version`) : ready;
  };
}

function pathJudge(text: string): Judge {
  const [, path, wanted] = /^\{\s*(.*?)\s*\}(?:=(.+))?$/.exec(text) ?? [];
  if (path === undefined) throw new UserError(`pulumi.com/waitFor: a path must stand in braces, as in 'jsonpath={.status.phase}=Running', not '${text}'`);
  const whole = path.startsWith("$") ? path : `$${path}`;
  try {
    query({}, whole);
  } catch (error) {
    throw new UserError(`pulumi.com/waitFor: '${path}' is no JSONPath (RFC 9535)`, { cause: error });
  }
  return (object) => {
    if (isBehind(object, undefined)) return waiting("its controller has not seen its latest version");
    const [found] = query(object as never, whole) as readonly unknown[];
    if (found === undefined) return waiting(`there is nothing at ${path}`);
    if (wanted === undefined) return ready;
    if (typeof found === "object" && found !== null) return failed(`at ${path} is no single value that could be '${wanted}'`);
    const text = typeof found === "string" ? found : JSON.stringify(found);
    return text === wanted ? ready : waiting(`${path} is '${text}', not '${wanted}'`);
  };
}

/** Whether what is said is of an earlier version of the object, where it tells of which. */
function isBehind(object: Properties, ofCondition: number | undefined): boolean {
  const observed = ofCondition ?? numberAt(object, "status", "observedGeneration");
  const generation = numberAt(object, "metadata", "generation");
  return observed !== undefined && generation !== undefined && observed < generation;
}
