// Redis as anybody speaks it who has its password.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { until } from './wait.mjs';

export class Redis {
  // Of a hosts file with one place.
  constructor(hosts) {
    const [, password, path] = /^queue = "unix:\/\/:([^@]*)@([^"]+)"/m.exec(readFileSync(hosts, 'utf8'));
    this.socket = connect(path);
    this.said = '';
    this.socket.setEncoding('latin1').on('data', (text) => (this.said += text));
    this.password = password;
  }
  // Texts, or bytes. The answer is a line: enough for what changes something.
  async call(...words) {
    if (this.password) {
      const password = this.password;
      this.password = null;
      await this.call('AUTH', password);
    }
    this.said = '';
    const bytes = words.map((word) => (Buffer.isBuffer(word) ? word : Buffer.from(String(word))));
    this.socket.write(`*${bytes.length}\r\n`);
    for (const one of bytes) this.socket.write(Buffer.concat([Buffer.from(`$${one.length}\r\n`), one, Buffer.from('\r\n')]));
    const line = await until(`Redis answers ${words[0]}`, () => /^([^\r]*)\r\n/.exec(this.said)?.[1]);
    if (line.startsWith('-')) throw new Error(`Redis says ${line}`);
    return line;
  }
  end() {
    this.socket.destroy();
  }
}
