// Programs as processes, with what they say.
import { spawn } from 'node:child_process';
import { Hopeless, until } from './wait.mjs';

export class Program {
  constructor(words, { environment = {}, folder } = {}) {
    this.words = words;
    this.out = '';
    this.errors = '';
    this.code = null;
    this.child = spawn(words[0], words.slice(1), {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.out += text));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.errors += text));
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.errors += error.message;
        resolve((this.code = -1));
      });
      this.child.on('close', (code, signal) => resolve((this.code = code ?? signal)));
    });
  }

  get pid() {
    return this.child.pid;
  }

  // The first match in all that it has said.
  async says(pattern, seconds = 20) {
    return until(`${this.words.slice(0, 3).join(' ')} says ${pattern}`, () => {
      const found = pattern.exec(this.errors) ?? pattern.exec(this.out);
      if (!found && this.code != null) throw new Hopeless(`${this.words[0]} has ended with ${this.code}: ${this.errors || this.out}`);
      return found;
    }, seconds);
  }

  async end(signal = 'SIGTERM') {
    if (this.code == null) this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await this.ended;
    clearTimeout(late);
    return this.code;
  }
}

// Until it ends; a code other than expected is a failure that tells what was said.
export async function run(words, options = {}) {
  const program = new Program(words, options);
  await program.ended;
  if (program.code !== (options.code ?? 0)) {
    throw new Error(`${words.slice(0, 6).join(' ')} ended with ${program.code}: ${program.errors}${program.out}`);
  }
  return program;
}
