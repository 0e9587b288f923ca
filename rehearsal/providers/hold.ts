/** Makes a plugin hang right after a creation, on demand: the moment at which a run that is killed loses most. */
import { access, link, rm, writeFile } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "../../common/errors.ts";
import type { Operations } from "./operations.ts";
import type { Provider, ResourceType } from "./resource-type.ts";

/** `<type token>=<marker file>`, several of them on a line each. */
export const HOLD_CREATE = "MOONBACK_HOLD_CREATE";

/** How often to look whether the marker is still there. */
const WATCH_MS = 100;

/**
 * The provider, whose first creation of each type named makes the type's marker file, with this process's id in it, and is
 * answered only when somebody removes the file. Where the marker is there already nothing is held: a later run passes.
 *
 * What is held is a call in flight, so the plugin outlives its engine and any signal but SIGKILL.
 * @param text the value of {@link HOLD_CREATE}; types of other packages are none of this provider's business
 * @throws UserError for a line it cannot read, and for a type that this package does not have
 */
export function holdingCreates<C>(provider: Provider<C>, text = ""): Provider<C> {
  const holds = new Map(text.split("\n").filter((line) => line.trim() !== "").map(parsed).map(([token, marker]) => [token, new Hold(marker)]));
  for (const token of holds.keys()) {
    const knows = provider.types.some((type) => type.token === token) || provider.operations?.(token) !== undefined;
    if (token.startsWith(`${provider.name}:`) && !knows) {
      throw new UserError(`${HOLD_CREATE} names ${token}, which the stand-in ${provider.name} provider does not know; the list is ${provider.typesFile}`);
    }
  }
  const { operations } = provider;
  return {
    ...provider,
    types: provider.types.map((type) => {
      const hold = holds.get(type.token);
      return hold === undefined ? type : holdingType(type, hold);
    }),
    ...(operations && {
      operations(token: string) {
        const [known, hold] = [operations(token), holds.get(token)];
        return known && hold ? holdingOperations(known, hold) : known;
      },
    }),
  };
}

function parsed(line: string): [token: string, marker: string] {
  const [, token = "", marker = ""] = /^\s*([^=\s]+)=(.*?)\s*$/.exec(line) ?? [];
  if (!isAbsolute(marker)) {
    throw new UserError(`${HOLD_CREATE} has the line '${line}'; it wants <type token>=<absolute path of a marker file>, as in aws:ec2/vpc:Vpc=/tmp/held`);
  }
  return [token, marker];
}

/** Holds the first creation that comes by. */
class Hold {
  readonly #marker: string;
  #isFirst = true;

  constructor(marker: string) {
    this.#marker = marker;
  }

  async created(): Promise<void> {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    if (await mark(this.#marker)) await gone(this.#marker);
  }
}

function holdingType<C>(type: ResourceType<C>, hold: Hold): ResourceType<C> {
  return {
    ...type,
    async create(cloud, inputs, record) {
      await type.create(cloud, inputs, record);
      await hold.created();
    },
  };
}

function holdingOperations(operations: Operations, hold: Hold): Operations {
  return {
    ...operations,
    async create(request) {
      const made = await operations.create(request);
      if (!request.preview) await hold.created();
      return made;
    },
  };
}

/** Makes the marker, unless it is there. Whoever sees it sees it whole. */
async function mark(marker: string): Promise<boolean> {
  const draft = `${marker}.${process.pid}`;
  await writeFile(draft, `${process.pid}\n`);
  try {
    await link(draft, marker);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft);
  }
}

async function gone(file: string): Promise<void> {
  while (await access(file).then(() => true, () => false)) await delay(WATCH_MS);
}
