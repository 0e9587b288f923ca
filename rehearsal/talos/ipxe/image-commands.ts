import { command, type Command, type CommandContext, type Result } from "./command.ts";
import { FetchFailure } from "./host.ts";
import { httpError, ipxeErrors, strerror, type IpxeError } from "./errors.ts";
import type { Image } from "./images.ts";
import type { CommandForm, Given } from "./options.ts";

const many = Number.POSITIVE_INFINITY;
const single: Pick<CommandForm, "flags" | "values"> = { values: { name: "n", timeout: "t" }, flags: { quiet: "q", autofree: "a" } };
const failures: Readonly<Record<FetchFailure["kind"], IpxeError>> = { reset: ipxeErrors.reset, "timed-out": ipxeErrors.timedOut, unreachable: ipxeErrors.unreachable };

type Acquired = { readonly image: Image } | { readonly error: IpxeError };

/** Downloads; the console shows the address without its query (iPXE, usr/imgmgmt.c). */
async function download(uri: string, { values, flags }: Given, { host, images, current, signal }: CommandContext): Promise<Acquired> {
  const url = URL.canParse(uri, current.url) ? new URL(uri, current.url) : undefined;
  if (url?.protocol !== "http:") {
    host.print(`Could not start download: ${strerror(ipxeErrors.scheme)}\n`);
    return { error: ipxeErrors.scheme };
  }
  const print = (text: string): void => (flags.has("quiet") ? undefined : host.print(text));
  print(`${uri.replace(/[?#].*$/s, "")}...`);
  const limit = Number(values.get("timeout") ?? 0);
  const ends = limit > 0 ? AbortSignal.any([signal, AbortSignal.timeout(limit)]) : signal;
  const refused = (error: IpxeError): Acquired => {
    print(` ${strerror(error)}\n`);
    return { error };
  };
  try {
    const { status, body } = await host.fetch(url.href, ends);
    const error = httpError(status);
    if (error !== undefined) return refused(error);
    print(" ok\n");
    return { image: images.add(url.href, body) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FetchFailure) return refused(failures[error.kind]);
    if (ends.aborted) return refused(ipxeErrors.timedOut);
    throw error;
  }
}

/** One that is here already under the very name given, else a download. */
async function acquire(nameOrUri: string, given: Given, context: CommandContext): Promise<Acquired> {
  const found = context.images.find(nameOrUri);
  return found === undefined ? download(nameOrUri, given, context) : { image: found };
}

/** The family of commands that get one image and do something with it. */
function imageCommand(form: { least: number; replace?: boolean; usage: string }, get: typeof download, act: (image: Image, given: Given, context: CommandContext) => Result | Promise<Result>): Command {
  const full: CommandForm = { ...single, ...(form.replace === true ? { flags: { ...single.flags, replace: "r" } } : {}), least: form.least, most: many, usage: form.usage };
  return command(full, async (given, context) => {
    const [uri, ...words] = given.args;
    const acquired = uri === undefined ? context.images.selected : await get(uri, given, context);
    if (acquired === undefined) {
      // iPXE's own oversight, on which scripts may rely: this counts as success.
      context.host.print("No image selected\n");
      return {};
    }
    if ("error" in acquired) return { error: acquired.error };
    const image = "image" in acquired ? acquired.image : acquired;
    image.name = given.values.get("name") ?? image.name;
    if (words.length > 0) image.cmdline = words.join(" ");
    if (given.flags.has("autofree")) image.autofree = true;
    return act(image, given, context);
  });
}

const couldNot = (verb: string, error: IpxeError, { host }: CommandContext): Result => {
  host.print(`Could not ${verb}: ${strerror(error)}\n`);
  return { error };
};

const kernel = imageCommand({ least: 1, usage: "<uri|image> [<arguments>...]" }, acquire, (image, _given, context) => {
  if (image.type === undefined) return couldNot("select", ipxeErrors.notExecutable, context);
  context.images.selected = image;
  return {};
});

const initrd = imageCommand({ least: 1, usage: "<uri> [<arguments>...]" }, download, () => ({}));

const chain = imageCommand({ least: 0, replace: true, usage: "[<uri|image> [<arguments>...]]" }, acquire, async (image, { flags }, context) => {
  if (flags.has("replace")) return image.type === undefined ? couldNot("boot", ipxeErrors.notExecutable, context) : { stop: true, replacement: image };
  const { boot, error } = await context.exec(image);
  return error === undefined ? { boot } : couldNot("boot", error, context);
});

const imgfree = command({ least: 0, most: many, usage: "[<image>...]" }, ({ args }, { host, images }) => {
  if (args.length === 0) images.freeAll();
  for (const name of args) {
    const image = images.find(name);
    if (image === undefined) {
      host.print(`"${name}": no such image\n`);
      return { error: ipxeErrors.noImage };
    }
    images.free(image);
  }
  return {};
});

export const imageCommands: Readonly<Record<string, Command>> = { kernel, initrd, chain, boot: chain, imgfree };
