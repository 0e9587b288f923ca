import { UserError } from "../../../common/errors.ts";
import { type Clock, systemClock } from "../../../common/poll.ts";
import type { Operations } from "../operations.ts";
import type { Provider } from "../resource-type.ts";
import { checkArguments, diffArguments, kubeconfigOf, selectionOf, settingsOf } from "./arguments.ts";
import { check, waitForFailures } from "./check.ts";
import { Client } from "./client.ts";
import { Cluster } from "./cluster.ts";
import { type Context, hiding, plain, type Settings } from "./context.ts";
import { create } from "./creating.ts";
import { remove } from "./deleting.ts";
import { diff } from "./diff.ts";
import { Discovery } from "./discovery.ts";
import { kindOfToken } from "./kind.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import { read } from "./reading.ts";
import { update } from "./updating.ts";

/**
 * The stand-in for the official `kubernetes` provider, against a real API server. It knows no list of types: what the API server
 * serves is what there is.
 * @param env the variables that stand in for arguments
 */
export function kubernetesProvider(env: NodeJS.ProcessEnv = process.env, clock: Clock = systemClock): Provider<undefined> {
  let running = new AbortController();
  let settings: Settings = settingsOf({}, env, undefined);
  let cluster = (): Cluster => { throw new Error("the provider was called before it was configured"); };

  return {
    name: "kubernetes",
    // The version of the @pulumi/kubernetes package, whose names it speaks.
    version: "4.34.2",
    typesFile: "rehearsal/providers/kubernetes/kind.ts",
    types: [],
    takesSecrets: true,
    configReplaces: [],
    checkConfig: (args) => checkArguments(args, env),
    diffConfig: diffArguments,
    cloud: () => undefined,

    configure(args) {
      const kubeconfig = kubeconfigOf(args, env);
      try {
        if (kubeconfig === undefined) throw new UserError("the kubernetes provider has no kubeconfig: give it one, or set KUBECONFIG");
        const access = readKubeconfig(kubeconfig, selectionOf(args));
        const client = new Client(access, clock);
        const ready = new Cluster(client, new Discovery(client));
        cluster = () => ready;
        settings = settingsOf(args, env, access.namespace);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        // Only what needs the cluster fails: what is planned can be looked at without.
        cluster = () => { throw error; };
        settings = settingsOf(args, env, undefined);
      }
      return Promise.resolve();
    },

    operations(token) {
      if (!token.startsWith("kubernetes:")) return undefined;
      // What is no kind at all is refused by name at check.
      const named = kindOfToken(token) ?? { group: "", version: "", kind: "" };
      return operationsIn({ token, named, settings, cluster, clock, signal: () => running.signal });
    },

    cancel() {
      running.abort(new UserError("interrupted: what was waited for may still come about"));
      running = new AbortController();
    },
  };
}

function operationsIn(context: Context): Operations {
  return {
    async check(inputs) {
      const checked = await check(inputs, context);
      return { ...checked, failures: [...checked.failures, ...(await waitForFailures(plain(checked.inputs)))] };
    },
    diff: (request) => diff(request, context),
    create: (request) => hiding(request.inputs, () => create(request, context)),
    read: (request) => hiding(request.inputs ?? {}, () => read(request, context)),
    update: (request) => hiding(request.newInputs, () => update(request, context)),
    delete: (request) => hiding(request.inputs, () => remove(request, context)),
  };
}
