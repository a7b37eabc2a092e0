// Text that others wrote (names, errors, logs): shown as text only, and harmless to what stands around it.
import type { JSX } from 'preact';

// Control characters, those that turn the direction of text, and those without a width.
const DISTURBING =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const IN_LOGS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufff9-\ufffb]/g;

function visible(one: string): string {
  const code = one.charCodeAt(0);
  return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`;
}

export function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

export function clean(text: string | null | undefined, longest = 300): string {
  return shorten(text ?? '', longest).replace(DISTURBING, visible);
}

// Keeps line ends and tabs.
export function cleanLog(text: string): string {
  return text.replace(IN_LOGS, visible);
}

export function Text({
  of,
  most = 300,
  class: kind,
}: {
  of: string | null | undefined;
  most?: number;
  class?: string;
}): JSX.Element {
  const shown = clean(of, most);
  const cut = of != null && of.length > most;
  return (
    <bdi class={kind} title={cut ? clean(of, 2000) : undefined}>
      {shown}
    </bdi>
  );
}
