import { parse, stringify } from "yaml";
import { z } from "zod";
import { readCpio, writeCpio } from "./cpio.ts";

/** A system extension as `extensions.yaml` in Talos' initramfs names it. */
export interface Extension {
  readonly name: string;
  readonly version: string;
  readonly author: string;
  readonly description: string;
}

/** What an initramfs says of itself. */
export interface Initramfs {
  /** "v1.11.5" */
  readonly version: string;
  readonly extensions: readonly Extension[];
}

const releaseFile = "etc/os-release";
const extensionsFile = "extensions.yaml";

const extension = z.object({ name: z.string(), version: z.string(), author: z.string().default(""), description: z.string().default("") });
const layers = z.object({ layers: z.array(z.object({ image: z.string(), metadata: extension })) });

/** An initramfs in form only: what Talos reads of it before anything of it runs, and a text in place of the rest. */
export function writeInitramfs({ version, extensions }: Initramfs, text: string): Buffer {
  const listed = extensions.map((metadata, index) => ({ image: `${String(index).padStart(3, "0")}.sqsh`, metadata }));
  return writeCpio({
    "STAND-IN.txt": text,
    [releaseFile]: `NAME="Talos"\nID=talos\nVERSION_ID=${version}\nPRETTY_NAME="Talos (${version})"\n`,
    ...(listed.length === 0 ? {} : { [extensionsFile]: stringify({ layers: listed }, { lineWidth: 0 }) }),
  });
}

/** Undefined when a kernel could not unpack it; throws when it is not one that tells what it is. */
export function readInitramfs(bytes: Buffer): Initramfs | undefined {
  const files = readCpio(bytes);
  if (files === undefined) return undefined;
  const version = /^VERSION_ID=(v\S+)$/m.exec(files.get(releaseFile)?.toString() ?? "")?.[1];
  if (version === undefined) throw new Error(`the initramfs has no ${releaseFile} that names Talos' version`);
  const list = files.get(extensionsFile);
  return { version, extensions: list === undefined ? [] : layers.parse(parse(list.toString())).layers.map(({ metadata }) => metadata) };
}
