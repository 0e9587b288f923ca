import { isRecord, type Properties } from "../values.ts";

/** Keys of schemas in CustomResourceDefinitions that are no identifiers: the SDK writes them with underscores. */
const KEYS = [
  "embedded-resource", "int-or-string", "list-map-keys", "list-type", "map-type", "preserve-unknown-fields", "validations",
].map((key) => `x-kubernetes-${key}`);

const toSdk = new Map(KEYS.map((key) => [key, key.replaceAll("-", "_")]));
const toServer = new Map(KEYS.map((key) => [key.replaceAll("-", "_"), key]));

/** As programs write it, into what the API server takes. */
export function serverKeys(properties: Properties): Properties {
  return renamed(properties, toServer) as Properties;
}

/** As the API server answers, into what programs read. */
export function sdkKeys(properties: Properties): Properties {
  return renamed(properties, toSdk) as Properties;
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [names.get(key) ?? key, renamed(inner, names)]));
}
