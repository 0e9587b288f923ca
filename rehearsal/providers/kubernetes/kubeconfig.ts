/** Reads what of a kubeconfig a client needs. Nothing of its contents is ever in a message: it holds keys. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { UserError } from "../../../common/errors.ts";
import { isRecord, type Properties } from "../values.ts";

/** Where a cluster is and how one gets in. */
export interface Access {
  readonly server: URL;
  /** An HTTP proxy that takes CONNECT. */
  readonly proxy: URL | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
  /** The name on the server's certificate, where that is not the address. */
  readonly serverName: string | undefined;
  readonly insecure: boolean;
  /** The context's own. */
  readonly namespace: string | undefined;
}

export interface Selection {
  readonly context: string | undefined;
  readonly cluster: string | undefined;
}

/** Entries of a kubeconfig by their names, and where its relative paths begin. */
interface Parsed {
  readonly document: Properties;
  readonly folder: string;
}

/** Ways to log in that would start programs of the person's own. */
const REFUSED = ["exec", "auth-provider", "username", "password", "tokenFile", "as", "as-groups"];

/**
 * @param pathOrText as the provider takes it: a file's path, or the contents
 * @throws UserError for what cannot be read, and for what the stand-in does not support
 */
export function readKubeconfig(pathOrText: string, { context: wanted, cluster: other }: Selection): Access {
  const parsed = parseKubeconfig(pathOrText);
  const contextName = wanted ?? text(parsed.document, "current-context");
  if (contextName === undefined) throw new UserError("the kubeconfig has no current-context, and the provider names none (context)");
  const context = entry(parsed, "contexts", "context", contextName);
  const cluster = entry(parsed, "clusters", "cluster", other ?? text(context, "cluster") ?? "");
  const user = entry(parsed, "users", "user", text(context, "user") ?? "");
  const refused = REFUSED.find((key) => user[key] !== undefined);
  if (refused !== undefined) {
    throw new UserError(`the kubeconfig's user has '${refused}', which the stand-in kubernetes provider does not support; it supports client certificates and tokens`);
  }
  const proxy = text(cluster, "proxy-url");
  const pem = (from: Properties, key: string): string | undefined => pemOf(from, key, parsed.folder);
  return {
    server: urlOf(text(cluster, "server") ?? "", "server", "https:"),
    proxy: proxy === undefined ? undefined : urlOf(proxy, "proxy-url", "http:"),
    ca: pem(cluster, "certificate-authority"),
    certificate: pem(user, "client-certificate"),
    key: pem(user, "client-key"),
    token: text(user, "token"),
    serverName: text(cluster, "tls-server-name"),
    insecure: cluster["insecure-skip-tls-verify"] === true,
    namespace: text(context, "namespace"),
  };
}

/** The entry of the cluster that a kubeconfig selects, as it is written there: another one is another cluster. */
export function activeCluster(pathOrText: string, { context: wanted, cluster: other }: Selection): Properties | undefined {
  try {
    const parsed = parseKubeconfig(pathOrText);
    const context = entry(parsed, "contexts", "context", wanted ?? text(parsed.document, "current-context") ?? "");
    return entry(parsed, "clusters", "cluster", other ?? text(context, "cluster") ?? "");
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function parseKubeconfig(pathOrText: string): Parsed {
  const path = pathOrText.startsWith("~/") ? resolve(homedir(), pathOrText.slice(2)) : pathOrText;
  const isPath = !path.includes("\n") && existsSync(path);
  let document: unknown;
  try {
    document = parse(isPath ? readFileSync(path, "utf8") : pathOrText);
  } catch {
    // The parser's message repeats lines of the text.
    throw new UserError("the kubeconfig is neither YAML nor JSON");
  }
  if (!isRecord(document)) throw new UserError("the kubeconfig is neither the path of a file nor the contents of one");
  return { document, folder: isPath ? dirname(resolve(path)) : process.cwd() };
}

function entry({ document }: Parsed, list: string, key: string, name: string): Properties {
  const entries = Array.isArray(document[list]) ? document[list] : [];
  const found: unknown = entries.find((each) => isRecord(each) && each["name"] === name);
  const value = isRecord(found) ? found[key] : undefined;
  if (!isRecord(value)) throw new UserError(`the kubeconfig has no ${key} named '${name}'`);
  return value;
}

function text(from: Properties, key: string): string | undefined {
  const value = from[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `<key>-data` is the thing itself, `<key>` the path of a file. */
function pemOf(from: Properties, key: string, folder: string): string | undefined {
  const data = text(from, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, "base64").toString();
  const path = text(from, key);
  if (path === undefined) return undefined;
  try {
    return readFileSync(resolve(folder, path), "utf8");
  } catch (error) {
    throw new UserError(`the kubeconfig's ${key} cannot be read: ${path}`, { cause: error });
  }
}

function urlOf(value: string, key: string, protocol: string): URL {
  if (URL.canParse(value) && new URL(value).protocol === protocol) return new URL(value);
  throw new UserError(`the kubeconfig's ${key} must be an ${protocol}// address for the stand-in kubernetes provider, not '${value}'`);
}
