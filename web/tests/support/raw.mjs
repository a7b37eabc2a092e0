// Bytes as no browser sends them.
import { connect } from 'node:net';
import { once } from 'node:events';

export class Raw {
  constructor(address) {
    const { hostname, port } = new URL(address);
    this.said = Buffer.alloc(0);
    this.isClosed = false;
    this.socket = connect(Number(port), hostname);
    this.socket.on('data', (piece) => (this.said = Buffer.concat([this.said, piece])));
    this.socket.on('close', () => (this.isClosed = true));
    this.socket.on('error', () => {}); // told by `close`
    this.connected = once(this.socket, 'connect');
  }
  send(bytes) {
    this.socket.write(bytes);
    return this;
  }
  get status() {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.said.toString('latin1'))?.[1] ?? 0);
  }
  end() {
    this.socket.destroy();
  }
}
