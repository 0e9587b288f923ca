import { join } from "node:path";
import { expect } from "chai";
import { bundleOf } from "../../stacks/bundle.ts";
import { apiEndpoint, loadEnvironment, type Environment } from "../../stacks/config.ts";

const settings = loadEnvironment(join(import.meta.dirname, "..", ".."), "rehearsal");
const having = (count: number, controlPlanes: 1 | 3): Environment => ({ ...settings, nodes: { ...settings.nodes, count, controlPlanes } });

describe("the bundle of an environment", () => {
  it("serves the Kubernetes API of three control planes, at the address that their endpoint names", () => {
    for (const count of [3, 5]) {
      const bundle = bundleOf(having(count, 3));
      expect(bundle.apiServers).to.deep.equal(["10.10.0.11", "10.10.0.12", "10.10.0.13"]);
      expect(apiEndpoint(having(count, 3))).to.equal(`https://${bundle.address}:6443`);
    }
  });

  it("serves none for one control plane, which answers for itself", () => {
    expect(bundleOf(having(3, 1))).to.not.have.property("apiServers");
    expect(apiEndpoint(having(3, 1))).to.equal("https://10.10.0.11:6443");
  });
});
