// The stand-in programs of a machine (docker, systemctl, cloud-init): each hands its arguments to the machine room and
// prints what comes back. guest-programs.ts puts it beside the machines, without its types. It imports nothing of ours.
import { connect } from "node:net";

interface Answer {
  readonly out?: string;
  readonly error?: string;
  readonly exit?: number;
}

const [socketPath = "", machine, program = "", ...argv] = process.argv.slice(2);
const socket = connect(socketPath);
let rest = "";
let code = 1;

socket.setEncoding("utf8");
socket.on("connect", () => {
  const call = { kind: "guest", machine, program, argv, directory: process.cwd(), user: process.env["USER"] ?? "root" };
  socket.write(`${JSON.stringify(call)}\n`);
});
socket.on("data", (text) => {
  const lines = `${rest}${text.toString()}`.split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) {
    const { out, error, exit } = JSON.parse(line) as Answer;
    if (out !== undefined) process.stdout.write(out);
    if (error !== undefined) process.stderr.write(error);
    if (exit !== undefined) code = exit;
  }
});
socket.on("error", (error) => process.stderr.write(`${program}: the machine room does not answer: ${error.message}\n`));
// Not process.exit(): what was written to a pipe must arrive.
socket.on("close", () => (process.exitCode = code));
