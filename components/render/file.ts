/** A text file that a renderer made; `path` is relative to the folder that it is for. */
export interface RenderedFile {
  readonly path: string;
  readonly content: string;
  readonly executable?: boolean;
}

/** Lines as a text file: each ends with a newline. */
export function lines(...text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join("");
}
