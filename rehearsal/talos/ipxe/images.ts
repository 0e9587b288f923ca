import { isScript } from "./parse.ts";

/** What iPXE holds of one download (iPXE, core/image.c). */
export interface Image {
  /** The last part of its path, unless it was given another name. */
  name: string;
  readonly url: string;
  readonly bytes: Buffer;
  readonly type: "script" | "efi" | undefined;
  cmdline: string;
  autofree: boolean;
}

/** The downloads that iPXE holds, in the order in which they came, and which one `boot` would run. */
export class Images {
  #all: Image[] = [];
  selected: Image | undefined;
  readonly #isEfi: (bytes: Buffer) => boolean;

  /** `isEfi` is what the firmware's own loader thinks of a program. */
  constructor(isEfi: (bytes: Buffer) => boolean) {
    this.#isEfi = isEfi;
  }

  add(url: string, bytes: Buffer): Image {
    const type = isScript(bytes) ? "script" : this.#isEfi(bytes) ? "efi" : undefined;
    const image = { name: baseName(url), url, bytes, type, cmdline: "", autofree: false } as const;
    this.#all.push(image);
    return image;
  }

  find(name: string): Image | undefined {
    return this.#all.find((image) => image.name === name);
  }

  has(image: Image): boolean {
    return this.#all.includes(image);
  }

  free(image: Image): void {
    this.#all = this.#all.filter((other) => other !== image);
    if (this.selected === image) this.selected = undefined;
  }

  freeAll(): void {
    this.#all = [];
    this.selected = undefined;
  }

  /** All but the one that runs: what an EFI program finds beside itself. */
  others(running: Image): Image[] {
    return this.#all.filter((image) => image !== running && image.type !== "script");
  }
}

const baseName = (url: string): string => decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
