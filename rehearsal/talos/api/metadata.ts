import type { Metadata } from "@grpc/grpc-js";

/** A name that was sent several times: HTTP/2 in Node.js puts the values behind each other. */
export const listed = (metadata: Metadata, name: string): string[] => metadata.get(name).flatMap((value) => String(value).split(/,\s*/));
