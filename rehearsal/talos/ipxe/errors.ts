/** A failure as iPXE knows it: a number for `${errno}` and a text for the console. */
export interface IpxeError {
  readonly code: number;
  readonly text: string;
}

/** The parts of an error number: POSIX number, source file and its own distinction, EFI status (iPXE, include/errno.h, ipxe/errfile.h). */
const error = (posix: number, file: number, efi: number, text: string, distinction = 0): IpxeError => ({
  code: posix * 0x1000000 + file + distinction * 0x100 + 0x80 + efi,
  text,
});

const file = { exec: 0x022000, parseopt: 0x162000, image: 0x008000, script: 0x028000, tcp: 0x0a6000, http: 0x0c6000, dhcp: 0x106000, open: 0x092000 };

/** What the commands here can fail with, as an EFI build says it. */
export const ipxeErrors = {
  commandNotFound: error(0x2e, file.exec, 1, "Exec format error"),
  empty: error(0x2d, file.exec, 14, "No such file or directory"),
  different: error(0x46, file.exec, 5, "Result too large"),
  integer: error(0x1c, file.parseopt, 2, "Invalid integer value", 1),
  option: error(0x1c, file.parseopt, 2, "Unrecognised option", 2),
  missingArgument: error(0x1c, file.parseopt, 2, "Missing argument", 3),
  argumentCount: error(0x46, file.parseopt, 5, "Result too large"),
  noDevice: error(0x2c, file.parseopt, 7, "No such device"),
  noConfigurator: error(0x3c, file.parseopt, 3, "Operation not supported"),
  noImage: error(0x2d, file.image, 14, "No such file or directory"),
  notExecutable: error(0x2e, file.image, 1, "Exec format error"),
  noLabel: error(0x2d, file.script, 14, "No such file or directory"),
  scheme: error(0x3c, file.open, 3, "Operation not supported"),
  noLease: error(0x4c, file.dhcp, 18, "Connection timed out"),
  unreachable: error(0x28, file.tcp, 16, "Network unreachable"),
  reset: error(0x0f, file.tcp, 21, "Connection reset"),
  timedOut: error(0x4c, file.tcp, 18, "Connection timed out"),
  http401: error(0x02, file.http, 15, "HTTP 401 Unauthorized", 1),
  http403: error(0x41, file.http, 15, "HTTP 403 Forbidden", 1),
  http404: error(0x2d, file.http, 14, "Not found", 1),
  http4xx: error(0x1d, file.http, 24, "HTTP 4xx Client Error", 4),
  http5xx: error(0x1d, file.http, 24, "HTTP 5xx Server Error", 5),
  httpOther: error(0x1d, file.http, 24, "Unrecognised HTTP response code", 1),
} as const satisfies Record<string, IpxeError>;

/** As iPXE prints it: `Not found (https://ipxe.org/2d0c618e)`. */
export const strerror = ({ code, text }: IpxeError): string => `${text} (https://ipxe.org/${code.toString(16).padStart(8, "0")})`;

/** What an HTTP status is to iPXE; undefined for success. */
export function httpError(status: number): IpxeError | undefined {
  if (status === 200) return undefined;
  const known: Record<number, IpxeError> = { 401: ipxeErrors.http401, 403: ipxeErrors.http403, 404: ipxeErrors.http404 };
  const kind = Math.floor(status / 100);
  return known[status] ?? (kind === 4 ? ipxeErrors.http4xx : kind === 5 ? ipxeErrors.http5xx : ipxeErrors.httpOther);
}
