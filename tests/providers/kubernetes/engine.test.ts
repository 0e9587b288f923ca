import * as k8s from "@pulumi/kubernetes";
import { secret } from "@pulumi/pulumi";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { systemClock } from "../../../common/poll.ts";
import { Client } from "../../../rehearsal/providers/kubernetes/client.ts";
import { readKubeconfig } from "../../../rehearsal/providers/kubernetes/kubeconfig.ts";
import type { Properties } from "../../../rehearsal/providers/values.ts";
import { filesWith, nameOf, recorded, resources, Steps, withStack } from "../engine.ts";
import { type RunningCluster, sharedCluster } from "./lab.ts";
import { Proxy } from "./proxy.ts";

const CANARY = "canary4711";
const NAMESPACE = "engine-test";
const labels = { app: "web" };

describe("the stand-in kubernetes provider under the real Pulumi engine", function () {
  this.timeout(180_000);
  let cluster: RunningCluster;
  let client: Client;
  let proxy: Proxy;
  const surroundings = { endpoint: "", env: {}, stop: () => Promise.resolve() };
  const wish = { colour: "red", image: "registry.example/web:1", size: 1, kubeconfig: "", force: false };

  before(async () => {
    cluster = await sharedCluster();
    client = new Client(readKubeconfig(cluster.kubeconfig, { context: undefined, cluster: undefined }), systemClock);
  });
  after(() => client.close());
  beforeEach(async () => {
    proxy = await Proxy.start({ host: cluster.address.replace(/^10/, "127"), port: 6443 });
    const document = parse(cluster.kubeconfig) as { clusters: { cluster: Properties }[] };
    document.clusters[0]!.cluster["proxy-url"] = `http://${proxy.address}`;
    Object.assign(wish, { colour: "red", image: "registry.example/web:1", size: 1, kubeconfig: stringify(document), force: false });
  });
  afterEach(() => proxy.stop().catch(() => undefined));

  /** A namespace with all sorts of things in it, and a kind of its own with an object of it. */
  const program = (): Promise<Record<string, unknown>> => {
    const provider = new k8s.Provider("cluster", { kubeconfig: secret(wish.kubeconfig), enableConfigMapMutable: true, enablePatchForce: wish.force });
    const options = { provider };
    // Nothing here has anything that must go first.
    const annotations = { "pulumi.com/deletionPropagationPolicy": "background" };
    const namespace = new k8s.core.v1.Namespace("namespace", { metadata: { name: NAMESPACE, annotations } }, options);
    const metadata = (name: string) => ({ name, namespace: namespace.metadata.name, annotations });
    const settings = new k8s.core.v1.ConfigMap("settings", { metadata: metadata("settings"), data: { colour: wish.colour } }, options);
    const key = new k8s.core.v1.Secret("key", { metadata: metadata("key"), stringData: { password: CANARY } }, options);
    const web = new k8s.apps.v1.Deployment("web", {
      metadata: metadata("web"),
      spec: {
        replicas: 0, selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "web", image: wish.image, resources: { requests: { cpu: "1000m" } } }] } },
      },
    }, options);
    const service = new k8s.core.v1.Service("service", { metadata: metadata("web"), spec: { selector: labels, ports: [{ port: 80 }] } }, options);
    const definition = new k8s.apiextensions.v1.CustomResourceDefinition("definition", {
      metadata: { name: "engines.test.example.org", annotations },
      spec: {
        group: "test.example.org", scope: "Namespaced", names: { plural: "engines", kind: "Engine" },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", x_kubernetes_preserve_unknown_fields: true } } } } }],
      },
    }, options);
    const engine = new k8s.apiextensions.CustomResource("engine", {
      apiVersion: "test.example.org/v1", kind: "Engine", metadata: metadata("engine"),
      spec: { size: wish.size, token: secret(CANARY) },
    }, { provider, dependsOn: definition });
    return Promise.resolve({ clusterIP: service.spec.clusterIP, colour: settings.data, uid: engine.id, data: key.data, image: web.spec.template.spec.containers[0]!.image });
  };
  const names = ["definition", "engine", "key", "namespace", "service", "settings", "web"];
  const settingsPath = `/api/v1/namespaces/${NAMESPACE}/configmaps/settings`;
  const servicePath = `/api/v1/namespaces/${NAMESPACE}/services/web`;
  const change = async (path: string, body: Properties): Promise<void> => {
    const live = await client.send({ method: "GET", path });
    await client.send({ method: "PUT", path, query: { fieldManager: "somebody" }, body: { ...live, ...body } });
  };

  it("plans, makes, changes, heals, refreshes and destroys; secrets are in no file", () =>
    withStack(surroundings, program, async (stack, folder) => {
      const planned = new Steps();
      await stack.preview({ onEvent: planned.onEvent });
      expect(planned.done.filter((step) => names.includes(step.replace("create ", "")))).to.deep.equal(names.map((name) => `create ${name}`));

      const { outputs } = await stack.up();
      expect(outputs["clusterIP"]?.value).to.match(/^10\.96\./);
      expect(outputs["uid"]?.value).to.equal(`${NAMESPACE}/engine`);
      expect(outputs["data"]).to.deep.equal({ value: { password: Buffer.from(CANARY).toString("base64") }, secret: true });
      expect(proxy.asked[0], "through the proxy of the kubeconfig").to.equal(`${cluster.address}:6443`);
      await stack.preview({ refresh: true, expectNoChanges: true });

      Object.assign(wish, { colour: "blue", image: "registry.example/web:2", size: 2 });
      const changed = new Steps();
      await stack.up({ onEvent: changed.onEvent });
      expect(changed.done).to.deep.equal(["update engine", "update settings", "update web"]);
      expect((await client.send({ method: "GET", path: settingsPath }))["data"]).to.deep.equal({ colour: "blue" });

      await change(settingsPath, { data: { colour: "theirs" } });
      const refused = await stack.preview({ refresh: true }).then(() => "", String);
      expect(refused, "somebody else owns the field now").to.match(/since others own fields of it: \.data\.colour \(conflict with "somebody" using v1/);
      await client.send({ method: "DELETE", path: servicePath });
      wish.force = true;
      const healed = new Steps();
      await stack.up({ refresh: true, onEvent: healed.onEvent });
      expect(healed.done).to.deep.equal(["create service", "update cluster", "update settings"]);
      expect((await client.send({ method: "GET", path: settingsPath }))["data"]).to.deep.equal({ colour: "blue" });
      await stack.refresh({ expectNoChanges: true });

      const keys = ["client-key-data"].map((name) => String((parse(wish.kubeconfig) as { users: { user: Properties }[] }).users[0]?.user[name]));
      expect(keys[0]).to.have.length.above(100);
      expect(filesWith(folder, CANARY, Buffer.from(CANARY).toString("base64"), ...keys)).to.deep.equal([]);
      // Without this, a type that lost its secret altogether would pass.
      for (const [name, property] of [["key", "data"], ["engine", "spec"]] as const) {
        const found = recorded(folder).find((each) => nameOf(each) === name);
        expect(JSON.stringify(found?.outputs?.[property]), name).to.include("ciphertext");
        expect(JSON.stringify(found?.outputs?.["__inputs"]), name).to.include("ciphertext");
      }
      await stack.destroy();
      expect(resources((await stack.exportStack()).deployment)).to.deep.equal([]);
      const gone = await client.send({ method: "GET", path: `/api/v1/namespaces/${NAMESPACE}` }).then(() => "there", String);
      expect(gone).to.include("NotFound");
    }));

  it("does not take over what exists, imports it, replaces what cannot be changed, and says what to do when the cluster is gone", async () => {
    const path = "/api/v1/namespaces/default/configmaps/existing";
    const metadata = { name: "existing", annotations: { "pulumi.com/deletionPropagationPolicy": "background" } };
    const imported = { id: undefined as string | undefined, data: "theirs" };
    const small = (): Promise<void> => {
      const provider = new k8s.Provider("cluster", { kubeconfig: wish.kubeconfig });
      new k8s.core.v1.ConfigMap("settings", { metadata, data: { a: imported.data } }, { provider, ...(imported.id === undefined ? {} : { import: imported.id }) });
      return Promise.resolve();
    };
    await client.send({ method: "POST", path: "/api/v1/namespaces/default/configmaps", body: { apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "theirs" } } });
    await withStack(surroundings, small, async (stack) => {
      expect(await stack.up().then(() => "", String)).to.include("ConfigMap default/existing exists already, and this stack has not made it");
      imported.id = "default/existing";
      const steps = new Steps();
      await stack.up({ onEvent: steps.onEvent });
      expect(steps.done.filter((step) => step.endsWith("settings"))).to.deep.equal(["import settings"]);
      Object.assign(imported, { id: undefined, data: "ours" });
      const replaced = new Steps();
      await stack.up({ onEvent: replaced.onEvent });
      // Under the same name the old one goes first.
      expect(replaced.done).to.deep.equal(["create-replacement settings", "delete-replaced settings", "replace settings"]);
      expect((await client.send({ method: "GET", path }))["data"]).to.deep.equal({ a: "ours" });

      await proxy.stop();
      for (const run of [() => stack.refresh(), () => stack.destroy()]) {
        const failure = await run().then(() => "", String);
        expect(failure).to.match(/whether ConfigMap \S*existing is still there cannot be told: no answer from https:\/\/10\.79\.\d+\.11:6443 \(ECONNREFUSED\)/)
          .and.to.include("PULUMI_K8S_DELETE_UNREACHABLE=true");
      }
      stack.workspace.envVars["PULUMI_K8S_DELETE_UNREACHABLE"] = "true";
      await stack.destroy();
      expect(resources((await stack.exportStack()).deployment)).to.deep.equal([]);
      expect((await client.send({ method: "GET", path }))["kind"], "forgotten, not deleted").to.equal("ConfigMap");
      await client.send({ method: "DELETE", path });
    });
  });
});
