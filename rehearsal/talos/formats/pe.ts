/** What an EFI program's header says (PE/COFF specification): the machine it is for. */
const machines: Readonly<Record<number, string>> = { 0xaa64: "arm64", 0x8664: "x86-64", 0x14c: "i386", 0x1c0: "arm" };
const arm64 = 0xaa64;
const efiApplication = 10;

/** Offsets of the small header that `writeEfiProgram` makes; the DOS part says where the rest is. */
const peAt = 0x40;
const coffSize = 24;
const optionalSize = 240;
const sectionAt = 0x200;

/** An arm64 EFI program in form only: a true header, and a text in place of code. */
export function writeEfiProgram(text: string): Buffer {
  const content = Buffer.from(text);
  const size = Math.ceil(content.length / 0x200) * 0x200;
  const bytes = Buffer.alloc(sectionAt + size);
  bytes.write("MZ", 0, "latin1");
  bytes.writeUInt32LE(peAt, 0x3c);
  bytes.write("PE\0\0", peAt, "latin1");
  bytes.writeUInt16LE(arm64, peAt + 4);
  bytes.writeUInt16LE(1, peAt + 6); // sections
  bytes.writeUInt16LE(optionalSize, peAt + 20);
  bytes.writeUInt16LE(0x0206, peAt + 22); // executable, without line numbers and debug information
  const optional = peAt + coffSize;
  bytes.writeUInt16LE(0x20b, optional); // PE32+
  bytes.writeUInt32LE(size, optional + 4); // code
  bytes.writeUInt32LE(sectionAt, optional + 16); // entry point
  bytes.writeUInt32LE(0x200, optional + 32); // section alignment
  bytes.writeUInt32LE(0x200, optional + 36); // file alignment
  bytes.writeUInt32LE(sectionAt + size, optional + 56); // image
  bytes.writeUInt32LE(sectionAt, optional + 60); // headers
  bytes.writeUInt16LE(efiApplication, optional + 68);
  bytes.writeUInt32LE(16, optional + 108); // directories, all empty
  const section = optional + optionalSize;
  bytes.write(".text", section, "latin1");
  for (const offset of [8, 16]) bytes.writeUInt32LE(size, section + offset);
  for (const offset of [12, 20]) bytes.writeUInt32LE(sectionAt, section + offset);
  bytes.writeUInt32LE(0x60000020, section + 36); // code, to be read and run
  content.copy(bytes, sectionAt);
  return bytes;
}

/** Why arm64 firmware does not load this program; undefined when it does. */
export function efiProblem(bytes: Buffer): string | undefined {
  const at = bytes.length >= 0x40 && bytes.toString("latin1", 0, 2) === "MZ" ? bytes.readUInt32LE(0x3c) : undefined;
  if (at === undefined || bytes.length < at + coffSize + 70 || bytes.toString("latin1", at, at + 4) !== "PE\0\0") return "it is no EFI program (no PE header)";
  const machine = bytes.readUInt16LE(at + 4);
  if (machine !== arm64) return `it is a program for ${machines[machine] ?? `machine 0x${machine.toString(16)}`}, not for arm64`;
  const subsystem = bytes.readUInt16LE(at + coffSize + 68);
  return subsystem === efiApplication ? undefined : `it is no EFI application (subsystem ${subsystem})`;
}
