import { expect } from "chai";
import { fixOfAsking } from "../../automation/gates.ts";
import type { GateResult } from "../../gates/gate.ts";

const red = (...errors: string[]): GateResult => ({ status: "red", checks: errors.map((error) => ({ status: "red", error })) }) as unknown as GateResult;

describe("gates that are red because of who asks", () => {
  it("say to renew the credentials first, in AWS's words of whichever service", () => {
    for (const words of ["The security token included in the request is expired", "Request has expired."]) {
      expect(fixOfAsking([red("vpc-1 has 0 subnets: none"), red(words)]), words).to.match(/^Renew them/);
    }
  });

  it("say to wait where AWS limits calls", () => {
    expect(fixOfAsking([red("Request limit exceeded.")])).to.match(/^Wait a few minutes/);
  });

  it("are no others: what a check has found is to be mended", () => {
    expect(fixOfAsking([red("vpc-1 has 0 subnets: none", "nobody answers: moto", "connect ECONNREFUSED 10.10.0.100:5050")])).to.equal(undefined);
    expect(fixOfAsking([])).to.equal(undefined);
  });
});
