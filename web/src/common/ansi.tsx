// Logs with the colours of terminals: the 16 colours and bold; all other escapes are dropped.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { cleanLog, shorten } from './text';

interface Piece {
  text: string;
  kind: string;
}

const ESCAPE = /\u001b(?:\[([0-9;:?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g;
const LONGEST_LINE = 2_000;
const MOST = 400_000; // characters: the last of a log

interface Pen {
  colour: number | null;
  bold: boolean;
}

function apply(pen: Pen, codes: string): void {
  for (const code of codes === '' ? [0] : codes.split(';').map(Number)) {
    if (code === 0) Object.assign(pen, { colour: null, bold: false });
    else if (code === 1) pen.bold = true;
    else if (code === 22) pen.bold = false;
    else if (code >= 30 && code <= 37) pen.colour = code - 30;
    else if (code >= 90 && code <= 97) pen.colour = code - 90 + 8;
    else if (code === 39) pen.colour = null;
    else if (code === 38 || code === 48) return; // 256 and true colours
  }
}

export function piecesOf(log: string): Piece[] {
  const text = log.length > MOST ? `…${log.slice(-MOST)}` : log;
  const lines = text
    .replace(/\r\n/g, '\n')
    .split('\n')
    .map((line) => {
      const back = line.lastIndexOf('\r'); // a line that was written over
      return shorten(
        back >= 0 && back < line.length - 1 ? line.slice(back + 1) : line.replace(/\r/g, ''),
        LONGEST_LINE,
      );
    });
  const whole = lines.join('\n');
  const pieces: Piece[] = [];
  const pen: Pen = { colour: null, bold: false };
  let from = 0;
  const add = (to: number): void => {
    if (to <= from) return;
    const kind = `${pen.colour == null ? '' : `a-${pen.colour}`}${pen.bold ? ' a-bold' : ''}`.trim();
    pieces.push({ text: cleanLog(whole.slice(from, to)), kind });
  };
  for (const match of whole.matchAll(ESCAPE)) {
    add(match.index);
    from = match.index + match[0].length;
    if (match[2] === 'm') apply(pen, match[1] ?? '');
  }
  add(whole.length);
  return pieces;
}

export function Log({
  text,
  label,
  empty,
  box,
}: {
  text: string;
  label: string;
  empty: string;
  box?: { current: HTMLPreElement | null };
}): JSX.Element {
  const pieces = useMemo(() => piecesOf(text), [text]);
  return (
    <pre class="log" tabIndex={0} role="region" aria-label={label} ref={box} dir="ltr">
      {text === '' ? (
        <span class="quiet">{empty}</span>
      ) : (
        pieces.map((piece, i) =>
          piece.kind ? (
            <span key={i} class={piece.kind}>
              {piece.text}
            </span>
          ) : (
            piece.text
          ),
        )
      )}
    </pre>
  );
}
