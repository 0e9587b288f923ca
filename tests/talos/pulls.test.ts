// A node's network card and what it pulls through it: from its own address, whole, and for its own kind of machine.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { expect } from "chai";
import { seededImages } from "../../rehearsal/netboot/internet/images.ts";
import { registryHandler } from "../../rehearsal/netboot/internet/registry.ts";
import { FetchFailure } from "../../rehearsal/talos/ipxe/host.ts";
import { NodeNetwork } from "../../rehearsal/talos/network.ts";
import { pull } from "../../rehearsal/talos/pulls.ts";

const vpcCidr = "10.78.16.0/24";
const mirror = "10.78.16.100";
const network = new NodeNetwork("10.78.16.11", vpcCidr);
const { signal } = new AbortController();
const endless = new AbortController();

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe("what a node pulls", () => {
  let server: Server;
  let answer: Answer = (_request, response) => void response.writeHead(500).end();
  const seen: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.socket.remoteAddress} ${request.headers.host} ${request.method} ${request.url}`);
      answer(request, response);
    });
    await new Promise<void>((done) => server.listen(5052, "127.78.16.100", done));
  });
  beforeEach(() => seen.splice(0));
  after(() => {
    endless.abort(new Error("over"));
    server.closeAllConnections();
    server.close();
  });

  const mirrors = { "ghcr.io": { endpoints: [`http://${mirror}:5052`], overridePath: false, skipFallback: true } };
  const kubelet = "ghcr.io/siderolabs/kubelet:v1.34.1";
  const refusal = (reference = kubelet): Promise<string> => pull(reference, mirrors, network, signal).then(() => "pulled", (error: unknown) => String(error));

  it("comes from its own address, every manifest and blob", async () => {
    answer = registryHandler(seededImages("ghcr.io"), () => undefined);
    const image = seededImages("ghcr.io").find(({ repository }) => repository === "siderolabs/kubelet")!;
    const { digest, layers } = await pull(kubelet, mirrors, network, signal);
    expect(digest).to.equal(image.digest);
    const [config, layer] = [...image.blobs.keys()];
    expect(layers).to.deep.equal([image.blobs.get(layer!)]);
    const asked = (path: string): string => `127.78.16.11 ${mirror}:5052 GET /v2/siderolabs/kubelet/${path}?ns=ghcr.io`;
    expect(seen).to.deep.equal([asked("manifests/v1.34.1"), asked(`blobs/${config}`), asked(`blobs/${layer}`)]);
  });

  it("is asked for by digest where there is one, and compared with it", async () => {
    answer = registryHandler(seededImages("ghcr.io"), () => undefined);
    const { digest } = seededImages("ghcr.io").find(({ repository }) => repository === "siderolabs/kubelet")!;
    await pull(`${kubelet}@${digest}`, mirrors, network, signal);
    expect(seen[0]).to.contain(`/manifests/${digest}`);
    answer = (_request, response) => void response.end("{}");
    expect(await refusal(`${kubelet}@${digest}`)).to.match(/the content is sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/);
  });

  /** A registry of one image with these parts. */
  const serve = (manifests: Readonly<Record<string, object>>, blobs: readonly object[]): Answer => {
    const texts = new Map([...Object.values(manifests), ...blobs].map((one) => [digestOf(one), JSON.stringify(one)]));
    return ({ url = "" }, response) => {
      const [what = ""] = url.split("/").at(-1)!.split("?");
      const found = what in manifests ? JSON.stringify(manifests[what]) : texts.get(what);
      response.writeHead(found === undefined ? 404 : 200).end(found);
    };
  };
  const digestOf = (one: object): string => `sha256:${createHash("sha256").update(JSON.stringify(one)).digest("hex")}`;
  const manifestOf = (config: object, layer: object): object => ({ config: { mediaType: "c", digest: digestOf(config) }, layers: [{ mediaType: "l", digest: digestOf(layer) }] });
  const [arm, intel, layer] = [{ architecture: "arm64", os: "linux" }, { architecture: "amd64", os: "linux" }, { layer: 1 }];

  it("is refused for another machine", async () => {
    answer = serve({ "v1.34.1": manifestOf(intel, layer) }, [intel, layer]);
    expect(await refusal()).to.match(/no match for platform linux\/arm64: the image is for linux\/amd64/);
  });

  it("is the arm64 one of an index, or none", async () => {
    const [mine, other] = [manifestOf(arm, layer), manifestOf(intel, layer)];
    const of = (one: object, architecture: string): object => ({ mediaType: "m", digest: digestOf(one), platform: { architecture, os: "linux" } });
    answer = serve({ "v1.34.1": { manifests: [of(other, "amd64"), of(mine, "arm64")] }, [digestOf(mine)]: mine }, [arm, layer]);
    expect(await refusal()).to.equal("pulled");
    answer = serve({ "v1.34.1": { manifests: [of(other, "amd64")] } }, []);
    expect(await refusal()).to.match(/no match for platform linux\/arm64 in the image's index/);
  });

  it("fails with what each place said: a mirror, and the host, which a node does not reach", async () => {
    answer = (_request, response) => void response.writeHead(404).end();
    const open = { "ghcr.io": { endpoints: [`http://${mirror}:5052`, `http://${mirror}:5999`], overridePath: false, skipFallback: false } };
    const failure = await pull(kubelet, open, network, signal).catch((error: unknown) => String(error));
    expect(failure).to.equal(
      `Error: failed to pull image "${kubelet}": http://${mirror}:5052/v2/siderolabs/kubelet/manifests/v1.34.1?ns=ghcr.io: unexpected status 404; ` +
        `Get "http://${mirror}:5999/v2/siderolabs/kubelet/manifests/v1.34.1?ns=ghcr.io": dial tcp ${mirror}:5999: connect: connection refused; ` +
        `Get "https://ghcr.io/v2/siderolabs/kubelet/manifests/v1.34.1": dial tcp: lookup ghcr.io: no such host`,
    );
  });

  const failures: Record<string, readonly [url: string, kind: FetchFailure["kind"], message: RegExp]> = {
    "an address outside of the VPC": ["http://10.79.0.1:80/", "unreachable", /dial tcp 10\.79\.0\.1:80: connect: network is unreachable/],
    "the internet": ["http://169.254.169.254/latest/user-data", "unreachable", /network is unreachable/],
    "the VPC's router, where the rehearsal keeps its AWS": ["http://10.78.16.1:4566/", "timed-out", /i\/o timeout/],
    "a name": ["https://ghcr.io/v2/", "unreachable", /no such host/],
    "a place where nobody listens": [`http://${mirror}:5999/`, "reset", /connection refused/],
  };
  for (const [what, [url, kind, message]] of Object.entries(failures)) {
    it(`does not reach ${what}`, async () => {
      const failure = await network.get(url, { signal }).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(FetchFailure);
      expect((failure as FetchFailure).kind).to.equal(kind);
      expect((failure as FetchFailure).message).to.match(message);
    });
  }

  it("waits for an answer as long as it may, and ends with the node", async () => {
    answer = () => undefined;
    const late = await network.get(`http://${mirror}:5052/`, { timeoutMs: 50 }).catch((error: unknown) => error as FetchFailure);
    expect(late).to.include({ kind: "timed-out" });
    const waiting = network.get(`http://${mirror}:5052/`, { signal: endless.signal }).catch((error: unknown) => String(error));
    endless.abort(new Error("powered off"));
    expect(await waiting).to.equal("Error: powered off");
  });
});
