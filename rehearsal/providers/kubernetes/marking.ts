import { isRecord, isSecret, type Properties, secret } from "../values.ts";
import { containsSecret } from "../secrets.ts";

/**
 * Wraps in `plain` what is a secret in `marked`, place by place, and always the data of a Secret. A list with a secret in it is
 * secret as a whole: its order may not be the same. As the official provider does it (`annotateSecrets` in `provider.go`).
 */
export function withSecretsOf(plain: Properties, marked: Properties): Properties {
  const entries = Object.entries(plain).map(([key, value]) => {
    const other = marked[key];
    if (isRecord(value) && isRecord(other) && !isSecret(other) && !isSecret(value)) return [key, withSecretsOf(value, other)];
    return [key, !isSecret(value) && containsSecret(other) ? secret(value) : value];
  });
  const copied = Object.fromEntries(entries) as Properties;
  return withoutCopies(copied["kind"] === "Secret" ? secretData(copied) : copied, marked);
}

/** A Secret is secret whatever the program says, and comes back in `data` what was given as `stringData`. */
function secretData(object: Properties): Properties {
  const data = ["data", "stringData"].filter((key) => object[key] !== undefined && !isSecret(object[key]));
  return { ...object, ...Object.fromEntries(data.map((key) => [key, secret(object[key])])) };
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** kubectl leaves the whole object in an annotation, whatever of it is secret. */
function withoutCopies(object: Properties, marked: Properties): Properties {
  const { metadata } = object;
  if (!isRecord(metadata) || !isRecord(metadata["annotations"])) return object;
  const { [LAST_APPLIED]: text, ...others } = metadata["annotations"];
  const isHarmless = object["kind"] !== "Secret" && !containsSecret(marked);
  if (text === undefined || isSecret(text) || isHarmless) return object;
  return { ...object, metadata: { ...metadata, annotations: { ...others, [LAST_APPLIED]: secret(text) } } };
}

/** The texts that nobody may see: everything in wrapped secrets, and in the data of a Secret, as it is and decoded. */
export function secretTexts(marked: Properties): readonly string[] {
  const isKindSecret = marked["kind"] === "Secret";
  const own = isKindSecret ? [...texts(marked["data"]).flatMap((text) => [text, Buffer.from(text, "base64").toString()]), ...texts(marked["stringData"])] : [];
  return [...own, ...hidden(marked)];
}

function hidden(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(hidden);
  if (!isRecord(value)) return [];
  return isSecret(value) ? texts(value["value"]) : Object.values(value).flatMap(hidden);
}

function texts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  if (Array.isArray(value)) return value.flatMap(texts);
  if (!isRecord(value)) return [];
  return Object.values(value).flatMap(texts);
}
