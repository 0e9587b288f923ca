// A kubernetes plugin that is told to hang after a creation: what is there, and what is not answered.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { poll } from "../../../common/poll.ts";
import { HOLD_CREATE, holdingCreates } from "../../../rehearsal/providers/hold.ts";
import { kubernetesProvider } from "../../../rehearsal/providers/kubernetes/provider.ts";
import { KubernetesLab } from "./lab.ts";

const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";

describe("a kubernetes plugin that is told to hang", function () {
  this.timeout(60_000);

  it("holds the first creation of a type, and no preview and no other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moonback-hold-"));
    const marker = join(folder, "held");
    const lab = await KubernetesLab.open();
    try {
      const provider = holdingCreates(kubernetesProvider({}), `${CONFIG_MAP}=${marker}`);
      await provider.configure({ kubeconfig: lab.cluster.kubeconfig });
      const operations = (): ReturnType<NonNullable<typeof provider.operations>> & object => provider.operations!(CONFIG_MAP)!;
      const create = async (name: string, preview: boolean): Promise<string> => {
        const { inputs } = await operations().check({ metadata: { name } });
        return (await operations().create({ inputs, preview, timeoutSeconds: 0 })).id;
      };
      const [first, second] = [lab.name("held"), lab.name("free")];
      expect(await create(first, true)).to.equal("");
      let answered = false;
      const held = create(first, false).finally(() => (answered = true));
      await poll(() => Promise.resolve(existsSync(marker) ? { done: true, value: true } : { done: false, reason: "no marker" }), { timeoutMs: 20_000, intervalMs: 20 });
      expect((await lab.get(`/api/v1/namespaces/default/configmaps/${first}`))["kind"]).to.equal("ConfigMap");
      expect(await create(second, false)).to.equal(`default/${second}`);
      expect(answered).to.equal(false);
      rmSync(marker);
      expect(await held).to.equal(`default/${first}`);
    } finally {
      await lab.close();
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses a type that is none of any package's, and leaves others to them", () => {
    expect(() => holdingCreates(kubernetesProvider({}), "aws:ec2/vpc:Vpc=/tmp/x")).not.to.throw();
    const nobody = { ...kubernetesProvider({}), operations: () => undefined };
    expect(() => holdingCreates(nobody, `${CONFIG_MAP}=/tmp/x`)).to.throw(`${HOLD_CREATE} names ${CONFIG_MAP}`);
  });
});
