import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { ServiceError } from "@grpc/grpc-js";
import { expect } from "chai";
import { awsProvider } from "../../rehearsal/providers/aws/provider.ts";
import { serve, type Served } from "../../rehearsal/providers/server.ts";
import type { Properties } from "../../rehearsal/providers/values.ts";
import { ProviderUnderTest, type Recorded } from "./harness.ts";
import { REGION } from "./start-emulator.ts";

const PARAMETER = "aws:ssm/parameter:Parameter";
const TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";
const VALUE = "-----BEGIN KEY-----\nsecret4711\n-----END KEY-----\n";
const USER_DATA = Buffer.from("#!/bin/sh\necho secret4711\n").toString("base64");

/** An AWS that refuses everything, and repeats in its message all that it was given. */
function echo(): Server {
  return createServer((request, response) => {
    void text(request as IncomingMessage & AsyncIterable<Uint8Array>).then((body) => {
      const isJson = request.headers["content-type"]?.includes("json") ?? false;
      const said = isJson ? (JSON.parse(body) as { Value?: string }).Value : new URLSearchParams(body).get("LaunchTemplateData.UserData");
      const answer = isJson
        ? JSON.stringify({ __type: "ValidationException", message: `'${said ?? ""}' will not do` })
        : `<Response><Errors><Error><Code>Malformed</Code><Message>'${said ?? ""}' will not do</Message></Error></Errors></Response>`;
      response.writeHead(400, { "content-type": isJson ? "application/x-amz-json-1.1" : "text/xml" }).end(answer);
    });
  });
}

describe("an AWS that repeats secrets when it refuses them", () => {
  const server = echo();
  let served: Served;
  let provider: ProviderUnderTest;
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    served = await serve(awsProvider({ AWS_ENDPOINT_URL: url, AWS_REGION: REGION, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" }));
    provider = new ProviderUnderTest(served.port);
    await provider.configure({ region: REGION });
  });
  after(async () => {
    provider.client.close();
    await served.stop();
    server.close();
  });

  const said = (call: Promise<unknown>): Promise<string> => call.then(() => "", (error: unknown) => (error as ServiceError).details);
  const recorded = (token: string, inputs: Properties): Recorded => ({ token, id: "there", inputs, state: inputs });

  it("is not repeated by us", async () => {
    const hidden: readonly [string, Properties, Properties][] = [
      [PARAMETER, { name: "/a", type: "String", value: "old" }, { value: VALUE }],
      [TEMPLATE, { name: "template" }, { userData: USER_DATA }],
    ];
    for (const [token, inputs, change] of hidden) {
      const wanted = { ...inputs, ...change };
      for (const call of [() => provider.create(token, wanted), () => provider.update(recorded(token, inputs), wanted)]) {
        const message = await said(call());
        expect(message).to.match(/^AWS (ValidationException|Malformed): '\[hidden\]\n?' will not do \((Put|Create)\w+\)$/);
        expect(message).not.to.include("secret4711").and.not.to.include(USER_DATA);
      }
    }
  });
});
