// Asks before something is changed, and tells what came of it.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { sayFailure } from './api';
import { Text } from './text';

interface Question {
  title: string;
  text: string;
  action: string;
  danger: boolean;
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);
export const said = signal<{ text: string; bad: boolean; at: number } | null>(null);
let fade: ReturnType<typeof setTimeout> | undefined;

export function say(text: string, bad = false): void {
  said.value = { text, bad, at: Date.now() };
  clearTimeout(fade);
  fade = setTimeout(() => (said.value = null), bad ? 15_000 : 6_000);
}

export function ask(title: string, text: string, action: string, danger = false): Promise<boolean> {
  question.peek()?.answer(false);
  return new Promise((resolve) => {
    question.value = { title, text, action, danger, answer: resolve };
  });
}

// Carries out what changes something; a failure is told.
export async function act(work: () => Promise<string>): Promise<boolean> {
  try {
    say(await work());
    return true;
  } catch (error) {
    say(sayFailure(error), true);
    return false;
  }
}

export function Dialogs(): JSX.Element {
  const now = question.value;
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    if (now && !box.current!.open) box.current!.showModal();
    if (!now && box.current!.open) box.current!.close();
  }, [now]);
  const end = (yes: boolean): void => {
    question.value = null;
    now?.answer(yes);
  };
  return (
    <>
      <dialog
        ref={box}
        aria-labelledby="question-title"
        aria-describedby="question-text"
        onClose={() => now && end(false)}
      >
        <h2 id="question-title">
          <Text of={now?.title ?? ''} most={160} />
        </h2>
        <p id="question-text">
          <Text of={now?.text ?? ''} most={500} />
        </p>
        <div class="row end">
          <button type="button" autofocus onClick={() => end(false)}>
            Go back
          </button>
          <button type="button" class={now?.danger ? 'danger' : 'primary'} onClick={() => end(true)}>
            {now?.action ?? 'Do it'}
          </button>
        </div>
      </dialog>
      <Said />
    </>
  );
}

function Said(): JSX.Element {
  const now = said.value;
  return (
    <div class="said" role="status" aria-live="polite">
      {now && (
        <p class={now.bad ? 'bad' : ''}>
          <Text of={now.text} />
          <button type="button" class="small plain" aria-label="Close this message" onClick={() => (said.value = null)}>
            ✕
          </button>
        </p>
      )}
    </div>
  );
}
