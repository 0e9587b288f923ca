/**
 * A TFTP read (RFC 1350) in Python, since UDP does not travel through SSH and every cloud image with cloud-init has Python.
 * Arguments: `address:port file`. Prints the file; says in one line why it cannot.
 */
export const tftpProbe = `import socket, struct, sys

host, port = sys.argv[1].rsplit(":", 1)
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.settimeout(3)
try:
    link.sendto(struct.pack("!H", 1) + sys.argv[2].encode() + b"\\0octet\\0", (host, int(port)))
    wanted, text = 1, b""
    while True:
        data, peer = link.recvfrom(2048)
        code, block = struct.unpack("!HH", data[:4])
        if code == 5:
            sys.exit("error %d: %s" % (block, data[4:].split(b"\\0")[0].decode("ascii", "replace")))
        if code != 3:
            sys.exit("unexpected packet %d" % code)
        link.sendto(struct.pack("!HH", 4, block), peer)
        if block == wanted:
            wanted, text = wanted + 1, text + data[4:]
            if len(data) < 516:
                break
    sys.stdout.write(text.decode())
except OSError as error:
    sys.exit("no answer: %s" % error)
`;
