/** Files in a cpio archive of the "newc" form, as a kernel takes them for its first file system; the same bytes every time. */
export function writeCpio(files: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(files).map(([path, text], index) => entry(path, Buffer.from(text), index + 1));
  const archive = Buffer.concat([...entries, entry(trailer, Buffer.alloc(0), 0)]);
  return Buffer.concat([archive, Buffer.alloc((512 - (archive.length % 512)) % 512)]);
}

const magic = "070701";
const trailer = "TRAILER!!!";
const headerSize = 110;
const padding = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);

function entry(path: string, content: Buffer, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, time, size, device (two numbers), of which device (two), length of the name, checksum
  const fields = [inode, path === trailer ? 0 : 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(magic + fields.map((field) => field.toString(16).padStart(8, "0")).join(""));
  return Buffer.concat([header, name, padding(headerSize + name.length), content, padding(content.length)]);
}

/** The files of an archive by path; undefined when it is not whole, or of another form. */
export function readCpio(bytes: Buffer): ReadonlyMap<string, Buffer> | undefined {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const header = bytes.toString("latin1", at, at + headerSize);
    if (!new RegExp(`^${magic}[0-9a-fA-F]{${headerSize - magic.length}}$`).test(header)) return undefined;
    const field = (index: number): number => parseInt(header.slice(magic.length + index * 8, magic.length + (index + 1) * 8), 16);
    const [size, nameLength] = [field(6), field(11)];
    const contentAt = at + headerSize + nameLength + padding(headerSize + nameLength).length;
    const name = bytes.toString("utf8", at + headerSize, at + headerSize + nameLength - 1);
    if (name === trailer) return files;
    if (contentAt + size > bytes.length) return undefined;
    files.set(name, bytes.subarray(contentAt, contentAt + size));
    at = contentAt + size + padding(size).length;
  }
  return undefined;
}
