import type { IncomingMessage, ServerResponse } from "node:http";
import { manifestType, type Image } from "./images.ts";

/** What one registry answered: for tests of "this was not asked of upstream". */
export type Asked = (line: { readonly method: string; readonly url: string; readonly status: number }) => void;

/** A registry that can be read and not written: the pull half of the OCI distribution specification. */
export function registryHandler(images: readonly Image[], asked: Asked): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const { method = "GET", url = "/" } = request;
    const answer = (status: number, headers: Record<string, string>, body: Buffer | string): void => {
      asked({ method, url, status });
      response.writeHead(status, { "docker-distribution-api-version": "registry/2.0", "content-length": Buffer.byteLength(body), ...headers });
      response.end(method === "HEAD" ? undefined : body);
    };
    const fail = (status: number, code: string): void => answer(status, { "content-type": "application/json" }, JSON.stringify({ errors: [{ code, message: "the rehearsal's internet" }] }));

    if (method !== "GET" && method !== "HEAD") {
      fail(405, "UNSUPPORTED");
      return;
    }
    const [path = "/"] = url.split("?");
    if (path === "/v2/" || path === "/v2") {
      answer(200, { "content-type": "application/json" }, "{}");
      return;
    }
    const [, repository, kind, reference = ""] = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(path) ?? [];
    const found = images.filter((image) => image.repository === repository);
    if (found.length === 0) {
      fail(404, "NAME_UNKNOWN");
      return;
    }
    if (kind === "tags" && reference === "list") {
      answer(200, { "content-type": "application/json" }, JSON.stringify({ name: repository, tags: found.map(({ tag }) => tag) }));
      return;
    }
    const manifest = found.find(({ tag, digest }) => reference === tag || reference === digest);
    if (kind === "manifests" && manifest !== undefined) {
      answer(200, { "content-type": manifestType, "docker-content-digest": manifest.digest, etag: `"${manifest.digest}"` }, manifest.manifest);
      return;
    }
    const blob = found.map(({ blobs }) => blobs.get(reference)).find((bytes) => bytes !== undefined);
    if (kind === "blobs" && blob !== undefined) {
      answer(200, { "content-type": "application/octet-stream", "docker-content-digest": reference, etag: `"${reference}"` }, blob);
      return;
    }
    fail(404, kind === "blobs" ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN");
  };
}
